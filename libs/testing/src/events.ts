/** Events on a real Kafka, and waiting: the part that needs no jest. */
export { eventually } from './eventually.js';
export { awayFromMidnight } from './midnight.js';
export { eventRecord, produceRecords, type TestRecord } from './produce-events.js';
