export type { OutgoingRecord } from './record.js';
export type { KafkaSettings } from './settings.js';
export { brokerAnswered } from './broker-answered.js';
export { createProducer, createRelayProducer, type EventProducer } from './event-producer.js';
