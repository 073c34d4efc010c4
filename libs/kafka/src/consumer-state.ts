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

/** How far the consumer group is behind in one partition. */
export interface PartitionLag {
  topic: string;
  partition: number;
  records: number;
  /** Offset up to which the group is done (exclusive); null before its first commit. */
  committed: number | null;
  /** Offset of the oldest record that is still there. */
  begin: number;
  /** Offset after the newest record; equal to `begin` when there is none. */
  end: number;
}

/** Lag of the whole consumer group (all replicas), as last measured; null before the first time. */
export interface ConsumerLag {
  /** When the measurement began: it has seen whatever had been appended by then. */
  measuredAt: Date | null;
  records: number;
  partitions: readonly PartitionLag[];
  /**
   * The group is done with every record that was appended before, in all partitions. Null while that
   * is not known: until each partition was read up to an end that this process has seen.
   */
  readUntil: Date | null;
}
