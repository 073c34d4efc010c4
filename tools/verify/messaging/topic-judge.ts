import { newId } from '@penguinmails/contracts';
import kafkajs, { type Admin, type Batch, type Kafka } from 'kafkajs';
import { TOPIC } from './subject.ts';
import { until } from './until.ts';

/** Versions that were committed, by aggregate: 1 … n. */
export type Ledger = ReadonlyMap<string, number>;

/** What became of the committed versions in the topic. */
export interface TopicVerdict {
  /** Committed and not in the topic. */
  lost: number;
  /** In the topic and never committed. */
  ghosts: number;
  /** First came after a later version of its aggregate. */
  inversions: number;
  /** Came again. */
  duplicates: number;
}

class Versions {
  readonly seen = new Set<number>();
  highest = 0;
}

/** Reads the topic as any other client would and remembers every version of every aggregate. */
export class TopicJudge {
  readonly #kafka: Kafka;
  readonly #versions = new Map<string, Versions>();
  /** First offset not read yet, by partition. */
  readonly #next = new Map<number, bigint>();
  #inversions = 0;
  #duplicates = 0;

  constructor(brokers: readonly string[]) {
    this.#kafka = new kafkajs.Kafka({
      clientId: 'verify-judge',
      brokers: [...brokers],
      connectionTimeout: 1_000,
      requestTimeout: 10_000,
      retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 30 },
      logLevel: kafkajs.logLevel.NOTHING,
    });
  }

  /** Reads what came since the last time; counts are those since the beginning. */
  async judge(ledger: Ledger): Promise<TopicVerdict> {
    await this.#readOn();
    let lost = 0;
    let ghosts = 0;
    for (const [id, committed] of ledger) {
      const seen = this.#versions.get(id)?.seen ?? new Set<number>();
      const beyond = [...seen].filter((version) => version > committed).length;
      ghosts += beyond;
      lost += committed - (seen.size - beyond);
    }
    return { lost, ghosts, inversions: this.#inversions, duplicates: this.#duplicates };
  }

  /** Records that the consumer group has not committed yet. */
  async lag(group: string): Promise<number> {
    return this.#asAdmin(async (admin) => {
      const ends = await admin.fetchTopicOffsets(TOPIC);
      const [committed] = await admin.fetchOffsets({ groupId: group, topics: [TOPIC] });
      const next = new Map(committed?.partitions.map((of) => [of.partition, Number(of.offset)]));
      return ends.reduce(
        (lag, { partition, high }) => lag + Number(high) - Math.max(next.get(partition) ?? 0, 0),
        0,
      );
    });
  }

  async #readOn(): Promise<void> {
    const ends = await this.#asAdmin((admin) => admin.fetchTopicOffsets(TOPIC));
    const unread = () => ends.some(({ partition, high }) => this.#nextOf(partition) < BigInt(high));
    if (!unread()) return;
    const consumer = this.#kafka.consumer({ groupId: `verify-judge-${newId()}` });
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => this.#note(batch) });
      for (const { partition } of ends)
        consumer.seek({ topic: TOPIC, partition, offset: String(this.#nextOf(partition)) });
      await until('the judge has read the topic', async () => !unread());
    } finally {
      await consumer.disconnect();
    }
  }

  #nextOf(partition: number): bigint {
    return this.#next.get(partition) ?? 0n;
  }

  #note({ partition, messages }: Batch): void {
    for (const { offset, headers = {} } of messages) {
      if (BigInt(offset) < this.#nextOf(partition)) continue;
      this.#next.set(partition, BigInt(offset) + 1n);
      this.#occurred(String(headers.ce_subject), Number(headers.ce_entityversion));
    }
  }

  #occurred(id: string, version: number): void {
    const versions = this.#versions.get(id) ?? new Versions();
    this.#versions.set(id, versions);
    if (versions.seen.has(version)) this.#duplicates += 1;
    else if (version < versions.highest) this.#inversions += 1;
    versions.seen.add(version);
    versions.highest = Math.max(versions.highest, version);
  }

  async #asAdmin<T>(ask: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#kafka.admin();
    await admin.connect();
    try {
      return await ask(admin);
    } finally {
      await admin.disconnect();
    }
  }
}
