/** A partition whose slice failed; it is fetched again when its pause ends. */
export interface PausedPartition {
  topic: string;
  partition: number;
  /** Consecutive failures of the same slice. */
  failures: number;
}

/** What a consumer is doing, for health details and metrics. Kafka down is `connecting`. */
export interface ConsumerState {
  status: 'idle' | 'connecting' | 'running' | 'stopped';
  assignedPartitions: number;
  paused: readonly PausedPartition[];
  /** How often the consumer had to be built anew since the start of the process. */
  rebuilds: number;
}

/** How far the consumer group is behind in one partition, in records. */
export interface PartitionLag {
  topic: string;
  partition: number;
  records: number;
}

/** Lag of the whole consumer group (all replicas), as last measured; null before the first time. */
export interface ConsumerLag {
  measuredAt: Date | null;
  records: number;
  partitions: readonly PartitionLag[];
}
