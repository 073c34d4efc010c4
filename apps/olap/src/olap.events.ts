import type { EventType } from '@penguinmails/contracts';

/** What olap counts. */
export const consumes = [
  'penguinmails.email.accepted.v1',
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
] as const satisfies readonly EventType[];

/** What this service publishes: what operators did with its parked events. */
export const emits = [
  'penguinmails.system.event_raised.v1',
] as const satisfies readonly EventType[];
