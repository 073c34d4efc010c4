import type { Admin, Kafka } from 'kafkajs';
import type { ConsumerLag, PartitionLag } from './consumer-state.js';
import { createKafka, PROBE_CLIENT } from './kafka-client.js';
import type { Logger } from './logger.js';
import { ReadProgress } from './read-progress.js';
import type { KafkaSettings } from './settings.js';

const MEASURE_EVERY_MS = 2000;

/** Asks the broker how far the consumer group is behind, at intervals, over its own connection. */
export class GroupWatch {
  readonly #kafka: Kafka;
  readonly #progress: ReadProgress;
  #admin: Promise<Admin> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lag: ConsumerLag = { measuredAt: null, records: 0, partitions: [], readUntil: null };

  constructor(
    settings: KafkaSettings,
    private readonly groupId: string,
    private readonly topics: readonly string[],
    private readonly logger: Logger = settings.logger,
  ) {
    this.#kafka = createKafka(settings, PROBE_CLIENT);
    this.#progress = new ReadProgress(topics);
  }

  /** The last measurement: up to 2 s old, older while the broker does not answer. */
  lag(): ConsumerLag {
    return this.#lag;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#tick(), MEASURE_EVERY_MS);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#disconnect();
  }

  /** Offset after the newest record. Errors: those of kafkajs, within some seconds. */
  async highWatermark(topic: string, partition: number): Promise<bigint> {
    const offsets = await this.#ask((admin) => admin.fetchTopicOffsets(topic));
    return BigInt(offsets.find((entry) => entry.partition === partition)?.high ?? 0);
  }

  /** Measures now. Errors: those of kafkajs, within some seconds. */
  async measure(): Promise<ConsumerLag> {
    const measuredAt = new Date();
    const partitions = await this.#ask((admin) => this.#measureWith(admin));
    const records = partitions.reduce((sum, partition) => sum + partition.records, 0);
    this.#progress.observe(measuredAt, partitions);
    this.#lag = { measuredAt, records, partitions, readUntil: this.#progress.readUntil() };
    return this.#lag;
  }

  async #tick(): Promise<void> {
    try {
      await this.measure();
    } catch (error) {
      this.logger.debug({ err: error }, 'consumer lag not measured');
    }
    if (this.#timer) this.start();
  }

  async #measureWith(admin: Admin): Promise<PartitionLag[]> {
    const committed = await admin.fetchOffsets({
      groupId: this.groupId,
      topics: [...this.topics],
    });
    const perTopic = await Promise.all(
      committed.map(async ({ topic, partitions }) =>
        lagOf(topic, partitions, await admin.fetchTopicOffsets(topic)),
      ),
    );
    return perTopic.flat();
  }

  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    try {
      return await question(await this.#connected());
    } catch (error) {
      await this.#disconnect();
      throw error;
    }
  }

  #connected(): Promise<Admin> {
    this.#admin ??= this.#connect();
    return this.#admin;
  }

  async #connect(): Promise<Admin> {
    const admin = this.#kafka.admin();
    await admin.connect();
    // A new admin knows its bootstrap broker only; without retries it would not find the group's.
    await admin.describeCluster();
    return admin;
  }

  async #disconnect(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.then(
      (connected) => connected.disconnect(),
      () => undefined,
    );
  }
}

interface Offset {
  partition: number;
  offset: string;
}

/** A partition without a committed offset (-1) is read from its oldest record on. */
function lagOf(
  topic: string,
  committed: Offset[],
  ends: { partition: number; high: string; low: string }[],
): PartitionLag[] {
  const next = new Map(committed.map(({ partition, offset }) => [partition, Number(offset)]));
  return ends.map(({ partition, high, low }) => {
    const at = next.get(partition) ?? -1;
    const [begin, end] = [Number(low), Number(high)];
    const records = Math.max(end - Math.max(at, begin), 0);
    return { topic, partition, records, committed: at < 0 ? null : at, begin, end };
  });
}
