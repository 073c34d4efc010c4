export { EventTransport } from './event-transport.js';
export { EventWriter, type PreparedChange, UndeclaredEventError } from './event-writer.js';
export type { AnyNewEvent, NewEvent, ReceivedEvent } from './events.js';
export { HandlesEvent, type HandlerLogin, type HandlerTransaction } from './handles-event.js';
export { MessagingHealth, type MessagingReport } from './messaging-health.js';
export { MessagingModule } from './messaging.module.js';
export type { MessagingSettings } from './messaging-settings.js';
export { outboxColumns, type OutboxRecord, outboxInsertOfMany } from './outbox-rows.js';
export { OutboxRelay, type OutboxRelaySettings } from './outbox-relay.js';
export { IncompleteRegistryError } from './handler-registry.js';
export { type ParkedAnswer, type ParkedAudit, ParkedDesk } from './parked-desk.js';
export {
  type ParkedFilter,
  type ParkedReport,
  type ParkedState,
  parkedStates,
} from './parked-report.js';
export type { RetrySchedule } from './retry-schedule.js';
export { TierHealth, type TierHealthReport } from './tier-health.js';
export { WakeUp } from './wake-up.js';
