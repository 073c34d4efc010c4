/** Event types this service handles; the boot fails unless each has exactly one handler. */
export const consumes = [
  'penguinmails.email.accepted.v1',
  'penguinmails.content.references_answered.v1',
] as const;

/** Event types this service writes. */
export const emits = [
  'penguinmails.content.references_asked.v1',
  'penguinmails.system.event_raised.v1',
] as const;
