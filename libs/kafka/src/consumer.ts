export type { IncomingRecord, RecordSlice, RunSlice } from './record.js';
export type {
  ConsumerFailure,
  ConsumerLag,
  ConsumerState,
  PartitionLag,
  PausedPartition,
} from './consumer-state.js';
export { SliceConsumer, type SliceConsumerSettings } from './slice-consumer.js';
