import { setTimeout as delay } from 'node:timers/promises';
import type { Admin, Consumer, Kafka } from 'kafkajs';
import { backoffMs } from './backoff.js';
import { BatchHandler } from './batch-handler.js';
import type { ConsumerFailure, ConsumerLag, ConsumerState } from './consumer-state.js';
import { failureReason } from './failure-reason.js';
import { Gathering } from './gathering.js';
import { GroupWatch } from './group-watch.js';
import { createKafka, STEADY_CLIENT } from './kafka-client.js';
import { PartitionPauses } from './partition-pauses.js';
import { pause } from './pause.js';
import type { RunSlice } from './record.js';
import type { KafkaSettings } from './settings.js';
import { withAdmin } from './topic-admin.js';

const RECONNECT = { firstMs: 100, maxMs: 5000 };
const LEAVE_WITHIN_MS = 10_000;
/** A slice takes one database connection: more at a time than this only queue for the pool. */
const PARTITIONS_AT_ONCE = 8;
/** Some slices of our records. What a slow handler does not reach is fetched, not decoded, again. */
const FETCH_BYTES_PER_PARTITION = 1024 * 1024;

export interface SliceConsumerSettings extends KafkaSettings {
  groupId: string;
  topics: readonly string[];
  runSlice: RunSlice;
  /** Runs before each (re)start, with a connected admin client: ensure that the topics exist. */
  prepare?: (admin: Admin) => Promise<unknown>;
  /**
   * For consumers whose delay nobody feels: the time in ms from one fetch to the next, for records to
   * gather into larger slices, at most 5,000. The first record after a quiet time waits for nothing,
   * and who is behind does not wait either. Default 0: fetch at once.
   */
  gatherMs?: number;
  /**
   * For consumers whose delay is felt: they wait only while at least so many records come in `gatherMs`,
   * when a slice for each few of them would cost more than the wait. Default 0: always.
   */
  gatherFrom?: number;
}

/**
 * Reads topics as a member of a consumer group and hands over slices, one at a time per partition.
 *
 * Never fails because of Kafka: it connects in the background for as long as it takes, and builds
 * a new kafkajs consumer whenever the old one gave up. A slice that fails pauses its partition.
 */
export class SliceConsumer {
  readonly #kafka: Kafka;
  readonly #watch: GroupWatch;
  readonly #pauses = new PartitionPauses();
  readonly #handler: BatchHandler;
  readonly #stopping = new AbortController();
  readonly #gathering: Gathering;
  #status: ConsumerState['status'] = 'idle';
  #assigned = 0;
  #rebuilds = 0;
  #lastFailure: ConsumerFailure | null = null;
  #loop: Promise<void> = Promise.resolve();

  constructor(private readonly settings: SliceConsumerSettings) {
    this.#kafka = createKafka(settings, STEADY_CLIENT);
    this.#watch = new GroupWatch(settings, settings.groupId, settings.topics);
    const { gatherMs: ms = 0, gatherFrom: from = 0 } = settings;
    this.#gathering = new Gathering({ ms, from }, this.#stopping.signal);
    this.#handler = new BatchHandler({
      runSlice: settings.runSlice,
      highWatermark: (topic, partition) => this.#watch.highWatermark(topic, partition),
      pauses: this.#pauses,
      gathering: this.#gathering,
      logger: settings.logger,
    });
  }

  /** Starts in the background; returns at once and never throws. A second call does nothing. */
  start(): void {
    if (this.#status !== 'idle') return;
    this.#status = 'connecting';
    this.#loop = this.#keepRunning();
    this.#watch.start();
  }

  /** Finishes the slices in hand, leaves the group; at most 10 s. It cannot be started again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const left = await Promise.race([this.#loop.then(() => true), after(LEAVE_WITHIN_MS, false)]);
    if (!left) this.settings.logger.warn({}, 'consumer did not leave its group in time');
    await this.#watch.stop();
    this.#status = 'stopped';
  }

  state(): ConsumerState {
    return {
      status: this.#status,
      assignedPartitions: this.#assigned,
      paused: this.#pauses.list(),
      rebuilds: this.#rebuilds,
      lastFailure: this.#lastFailure,
    };
  }

  /** Lag of the group as last measured, at most 2 s ago while the broker answers. */
  lag(): ConsumerLag {
    return this.#watch.lag();
  }

  async #keepRunning(): Promise<void> {
    for (let failures = 0; !this.#stopping.signal.aborted; this.#rebuilds++) {
      const startedAt = Date.now();
      const error = await this.#runUntilItEnds();
      if (this.#stopping.signal.aborted) return;
      this.#lastFailure = { reason: failureReason(error), at: new Date().toISOString() };
      failures = Date.now() - startedAt > 60_000 ? 1 : failures + 1;
      const waitMs = Math.round(backoffMs(failures, RECONNECT));
      this.settings.logger.warn({ err: error, waitMs }, 'consumer not running, will be rebuilt');
      await pause(waitMs, this.#stopping.signal);
    }
  }

  /** One life of a kafkajs consumer. Resolves with the reason of its end, never rejects. */
  async #runUntilItEnds(): Promise<unknown> {
    this.#status = 'connecting';
    try {
      await withAdmin(this.settings, async (admin) => this.settings.prepare?.(admin));
    } catch (error) {
      return error;
    }
    return this.#stopping.signal.aborted ? undefined : this.#live(this.#newConsumer());
  }

  async #live(consumer: Consumer): Promise<unknown> {
    const ended = this.#endOf(consumer);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.settings.topics], fromBeginning: true });
      await consumer.run(this.#runConfig());
      return await ended;
    } catch (error) {
      return error;
    } finally {
      this.#status = 'connecting';
      this.#assigned = 0;
      this.#pauses.clear();
      await this.#disconnect(consumer);
    }
  }

  #newConsumer(): Consumer {
    return this.#kafka.consumer({
      groupId: this.settings.groupId,
      sessionTimeout: 10_000,
      heartbeatInterval: 1000,
      rebalanceTimeout: 20_000,
      // Bounds how late a resumed partition is fetched and how long leaving takes.
      maxWaitTimeInMs: 500,
      maxBytesPerPartition: FETCH_BYTES_PER_PARTITION,
      allowAutoTopicCreation: false,
      // kafkajs would restart by itself, but such a restart cannot be stopped: we rebuild.
      retry: { ...STEADY_CLIENT.retry, restartOnFailure: async () => false },
    });
  }

  #runConfig() {
    return {
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: PARTITIONS_AT_ONCE,
      eachBatch: this.#handler.handle.bind(this.#handler),
    };
  }

  /** Resolves when the consumer crashed for good or we are told to stop. */
  #endOf(consumer: Consumer): Promise<unknown> {
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = Object.values(payload.memberAssignment).flat().length;
      this.#status = 'running';
    });
    consumer.on(consumer.events.FETCH, () => this.#gathering.fetched());
    return new Promise((resolve) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => resolve(payload.error));
      this.#stopping.signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  }

  async #disconnect(consumer: Consumer): Promise<void> {
    await consumer.disconnect().catch((error: unknown) => {
      this.settings.logger.debug({ err: error }, 'consumer did not disconnect cleanly');
    });
  }
}

async function after<T>(ms: number, value: T): Promise<T> {
  return delay(ms, value, { ref: false });
}
