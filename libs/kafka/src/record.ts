/** A record as the relay hands it to a producer. Headers are plain text; the key is never empty. */
export interface OutgoingRecord {
  topic: string;
  key: string;
  /** JSON text; null is a tombstone (compacted topics only). */
  value: string | null;
  headers: Record<string, string>;
}

/** A record as it came from the broker. Nothing in it has been validated. */
export interface IncomingRecord {
  topic: string;
  partition: number;
  offset: bigint;
  key: string | null;
  /**
   * Text when all its bytes are ASCII, else raw bytes: what to do with those is the reader's business.
   */
  value: string | Buffer | null;
  /** First value of each header, as UTF-8 text. */
  headers: Record<string, string>;
  timestamp: Date;
}

/** Some consecutive records of one partition: what one database transaction handles. */
export interface RecordSlice {
  topic: string;
  partition: number;
  /** In offset order, never empty. */
  records: readonly IncomingRecord[];
  /** Offset after the newest record of the partition when the slice was fetched. */
  highWatermark: bigint;
  /** Asks the broker for the high watermark of now. Errors: those of the broker. */
  currentHighWatermark(): Promise<bigint>;
}

/**
 * Handles a slice completely: when it resolves, the slice's effects are durable and its offset is
 * committed. When it rejects, the partition is paused and the same records come again later.
 */
export type RunSlice = (slice: RecordSlice) => Promise<void>;
