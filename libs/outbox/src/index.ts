export { EventTransport } from './event-transport.js';
export { EventWriter } from './event-writer.js';
export type { NewEvent, ReceivedEvent } from './events.js';
export { HandlesEvent, type HandlerLogin, type HandlerTransaction } from './handles-event.js';
export { MessagingHealth, type MessagingReport } from './messaging-health.js';
export { MessagingModule, type MessagingSettings } from './messaging.module.js';
