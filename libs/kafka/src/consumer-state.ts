/** A partition whose slice failed; it is fetched again when its pause ends. */
export interface PausedPartition {
  topic: string;
  partition: number;
  /** Consecutive failures of the same slice. */
  failures: number;
}

/** Why the consumer ended last. */
export interface ConsumerFailure {
  /** Slug; `unknown_codec`: a batch that cannot be unpacked, which no rebuild mends. */
  reason: string;
  /** RFC 3339, UTC. */
  at: string;
}

/** What a consumer is doing, for health details and metrics. Kafka down is `connecting`. */
export interface ConsumerState {
  status: 'idle' | 'connecting' | 'running' | 'stopped';
  assignedPartitions: number;
  paused: readonly PausedPartition[];
  /** How often the consumer had to be built anew since the start of the process. */
  rebuilds: number;
  /** Null before the first one. */
  lastFailure: ConsumerFailure | null;
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
