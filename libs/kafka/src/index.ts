export * from './producer.js';
export * from './consumer.js';
export * from './admin.js';
export { backoffMs, type BackoffBounds } from './backoff.js';
export type { Logger } from './logger.js';
export { pause } from './pause.js';
export {
  KafkaSliceServer,
  type EventHandler,
  type KafkaSliceServerSettings,
} from './kafka-slice-server.js';
