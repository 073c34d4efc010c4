import type { EventType } from '@penguinmails/contracts';

/** What a person may want to see. */
export const consumes = [
  'penguinmails.tenant.created.v1',
  'penguinmails.email.delivered.v1',
  'penguinmails.email.bounced.v1',
  'penguinmails.email.failed.v1',
  'penguinmails.system.event_raised.v1',
] as const satisfies readonly EventType[];

/** What this service publishes: what operators did with its parked events. */
export const emits = [
  'penguinmails.system.event_raised.v1',
] as const satisfies readonly EventType[];
