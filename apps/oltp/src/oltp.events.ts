/** Event types this service handles; the boot fails unless each has exactly one handler. */
export const consumes = [
  'penguinmails.delivery.recorded.v1',
  'penguinmails.content.references_asked.v1',
] as const;

/** Event types this service writes. */
export const emits = [
  'penguinmails.email.accepted.v1',
  'penguinmails.email.withdrawn.v1',
  'penguinmails.content.references_answered.v1',
  'penguinmails.email.scheduled.v1',
  'penguinmails.email.queued.v1',
  'penguinmails.email.sent.v1',
  'penguinmails.email.delivered.v1',
  'penguinmails.email.delivery_delayed.v1',
  'penguinmails.email.bounced.v1',
  'penguinmails.email.failed.v1',
  'penguinmails.email.suppressed.v1',
  'penguinmails.email.cancelled.v1',
  'penguinmails.tenant.created.v1',
  'penguinmails.system.event_raised.v1',
] as const;
