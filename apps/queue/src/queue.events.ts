import type { EventType } from '@penguinmails/contracts';

/** What this service handles; each type has one handler. */
export const consumes = [
  'penguinmails.email.accepted.v1',
  'penguinmails.email.withdrawn.v1',
] as const satisfies readonly EventType[];

/** What this service publishes. */
export const emits = [
  'penguinmails.delivery.recorded.v1',
  'penguinmails.job_group.finished.v1',
  'penguinmails.system.event_raised.v1',
] as const satisfies readonly EventType[];
