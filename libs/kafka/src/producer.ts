export type { OutgoingRecord } from './record.js';
export type { KafkaSettings } from './settings.js';
export { createProducer, createRelayProducer, type EventProducer } from './event-producer.js';
