import type { Batch, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { KeepAlive } from './keep-alive.js';
import type { Logger } from './logger.js';
import type { PartitionPauses } from './partition-pauses.js';
import type { IncomingRecord, RecordSlice, RunSlice } from './record.js';
import { SlicePacer } from './slice-pacer.js';
import { survivable } from './survivable-error.js';

const HEARTBEAT_MS = 1000;

export interface BatchHandlerSettings {
  runSlice: RunSlice;
  highWatermark: (topic: string, partition: number) => Promise<bigint>;
  pauses: PartitionPauses;
  logger: Logger;
}

/**
 * Handles at most one slice of each batch that kafkajs fetched and returns; kafkajs fetches the
 * rest again. So one slow partition delays the others by one slice and not by a whole batch.
 */
export class BatchHandler {
  readonly #pacer = new SlicePacer();

  constructor(private readonly settings: BatchHandlerSettings) {}

  /** kafkajs' eachBatch. Rejects only with what kafkajs understands, such as a rebalance. */
  async handle(payload: EachBatchPayload): Promise<void> {
    if (!payload.isRunning() || payload.isStale()) return;
    try {
      await this.#handleSlice(payload);
    } catch (error) {
      throw survivable(error);
    }
  }

  async #handleSlice(payload: EachBatchPayload): Promise<void> {
    const slice = this.#takeSlice(payload.batch);
    const alive = new KeepAlive(payload.heartbeat, HEARTBEAT_MS);
    try {
      await this.#run(slice);
    } catch (error) {
      this.#hold(slice, error, payload.pause);
      return;
    } finally {
      alive.stop();
    }
    await commit(payload, slice);
    alive.assertMember();
    await payload.heartbeat();
  }

  async #run(slice: RecordSlice): Promise<void> {
    const startedAt = performance.now();
    await this.settings.runSlice(slice);
    const elapsed = performance.now() - startedAt;
    this.#pacer.finished(partitionKey(slice), slice.records.length, elapsed);
    this.settings.pauses.succeeded(slice.topic, slice.partition);
  }

  #hold(slice: RecordSlice, error: unknown, pause: () => () => void): void {
    const { topic, partition } = slice;
    const delayMs = Math.round(this.settings.pauses.hold(topic, partition, pause));
    const fields = { topic, partition, delayMs, err: error };
    this.settings.logger.warn(fields, 'slice failed, partition paused');
  }

  #takeSlice(batch: Batch): RecordSlice {
    const { topic, partition } = batch;
    const messages = batch.messages.slice(0, this.#pacer.next(partitionKey(batch)));
    return {
      topic,
      partition,
      records: messages.map((message) => incoming(batch, message)),
      highWatermark: BigInt(batch.highWatermark),
      currentHighWatermark: () => this.settings.highWatermark(topic, partition),
    };
  }
}

function partitionKey({ topic, partition }: { topic: string; partition: number }): string {
  return `${topic}/${partition}`;
}

/** The slice's effects are durable by now, so a failed commit costs at most a skipped repeat. */
async function commit(payload: EachBatchPayload, { topic, partition, records }: RecordSlice) {
  const last = records[records.length - 1].offset;
  payload.resolveOffset(last.toString());
  const offset = (last + 1n).toString();
  await payload.commitOffsetsIfNecessary({
    topics: [{ topic, partitions: [{ partition, offset }] }],
  });
}

function incoming({ topic, partition }: Batch, message: KafkaMessage): IncomingRecord {
  return {
    topic,
    partition,
    offset: BigInt(message.offset),
    key: message.key?.toString() ?? null,
    value: message.value,
    headers: textHeaders(message.headers ?? {}),
    timestamp: new Date(Number(message.timestamp)),
  };
}

function textHeaders(headers: NonNullable<KafkaMessage['headers']>): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) text[name] = first.toString();
  }
  return text;
}
