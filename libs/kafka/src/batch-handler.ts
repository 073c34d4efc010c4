import type { Batch, EachBatchPayload, KafkaMessage } from 'kafkajs';
import { FetchedMessage, type RecordParts } from './fetched-message.js';
import type { Gathering } from './gathering.js';
import { KeepAlive } from './keep-alive.js';
import type { Logger } from './logger.js';
import type { PartitionPauses } from './partition-pauses.js';
import type { IncomingRecord, RecordSlice, RunSlice } from './record.js';
import { SliceBudget, SlicePacer } from './slice-pacer.js';
import { survivable } from './survivable-error.js';

const HEARTBEAT_MS = 1000;

export interface BatchHandlerSettings {
  runSlice: RunSlice;
  highWatermark: (topic: string, partition: number) => Promise<bigint>;
  pauses: PartitionPauses;
  gathering: Gathering;
  logger: Logger;
}

/**
 * Handles slices of a batch that kafkajs fetched, for as long as one slice may take, and returns;
 * kafkajs fetches the rest again. So one slow partition delays the others by one slice and not by a
 * whole batch.
 */
export class BatchHandler {
  readonly #pacer = new SlicePacer();

  constructor(private readonly settings: BatchHandlerSettings) {}

  /** kafkajs' eachBatch. Rejects only with what kafkajs understands, such as a rebalance. */
  async handle(payload: EachBatchPayload): Promise<void> {
    if (!payload.isRunning() || payload.isStale()) return;
    try {
      await this.#handleSlices(payload);
    } catch (error) {
      throw survivable(error);
    }
  }

  async #handleSlices(payload: EachBatchPayload): Promise<void> {
    const alive = new KeepAlive(payload.heartbeat, HEARTBEAT_MS);
    const failed = await this.#handleAndCommit(payload, alive).finally(() => alive.stop());
    if (failed) return;
    alive.assertMember();
    await payload.heartbeat();
  }

  /** Whether a slice failed. What is done is committed before anything is waited for. */
  async #handleAndCommit(payload: EachBatchPayload, alive: KeepAlive): Promise<boolean> {
    const { done, failed } = await this.#slicesInTime(payload, alive);
    if (done > 0) await commit(payload, payload.batch.messages[done - 1]);
    if (isBehind(payload.batch, done)) this.settings.gathering.hurry();
    if (!failed && alive.isMember) await this.settings.gathering.linger();
    return failed;
  }

  /** How many messages of the batch are done, and whether the slice after them failed. */
  async #slicesInTime(payload: EachBatchPayload, alive: KeepAlive) {
    const { messages } = payload.batch;
    this.settings.gathering.took(messages.length);
    const budget = new SliceBudget();
    const goesOn = () => payload.isRunning() && !payload.isStale() && alive.isMember;
    let done = 0;
    do {
      const slice = this.#slice(payload.batch, done);
      if (!(await this.#succeeds(slice, payload))) return { done, failed: true };
      done += slice.records.length;
    } while (done < messages.length && goesOn() && budget.allowsAnother());
    return { done, failed: false };
  }

  async #succeeds(slice: RecordSlice, payload: EachBatchPayload): Promise<boolean> {
    try {
      await this.#run(slice);
      return true;
    } catch (error) {
      this.#hold(slice, error, payload.pause);
      return false;
    }
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

  #slice(batch: Batch, from: number): RecordSlice {
    const { topic, partition } = batch;
    const messages = batch.messages.slice(from, from + this.#pacer.next(partitionKey(batch)));
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

/** Whether the partition holds records after the first `done` of the batch, as far as the fetch told. */
function isBehind({ messages, highWatermark }: Batch, done: number): boolean {
  if (done < messages.length) return true;
  return BigInt(messages[done - 1].offset) + 1n < BigInt(highWatermark);
}

/** The effects are durable by now, so a failed commit costs at most a skipped repeat. */
async function commit(payload: EachBatchPayload, last: KafkaMessage): Promise<void> {
  const { topic, partition } = payload.batch;
  payload.resolveOffset(last.offset);
  const offset = (BigInt(last.offset) + 1n).toString();
  await payload.commitOffsetsIfNecessary({
    topics: [{ topic, partitions: [{ partition, offset }] }],
  });
}

function incoming({ topic, partition }: Batch, message: KafkaMessage): IncomingRecord {
  const timestamp = new Date(Number(message.timestamp));
  return { topic, partition, offset: BigInt(message.offset), timestamp, ...partsOf(message) };
}

function partsOf(message: KafkaMessage): RecordParts {
  if (message instanceof FetchedMessage) return message.parts();
  const { key, value, headers = {} } = message;
  return { key: key?.toString() ?? null, value, headers: textHeaders(headers) };
}

function textHeaders(headers: NonNullable<KafkaMessage['headers']>): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const first = Array.isArray(value) ? value[0] : value;
    if (first !== undefined) text[name] = first.toString();
  }
  return text;
}
