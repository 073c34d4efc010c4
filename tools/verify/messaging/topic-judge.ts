import { newId } from '@penguinmails/contracts';
import kafkajs, { type Admin, type Batch, type Kafka } from 'kafkajs';
import { type Ledger, Occurrences, type TopicVerdict } from './occurrences.ts';
import { TOPIC } from './subject.ts';
import { until } from '../until.ts';

/** Reads the topic as any other client would and remembers every version of every aggregate. */
export class TopicJudge {
  readonly #kafka: Kafka;
  readonly #occurrences = new Occurrences();
  /** First offset not read yet, by partition. */
  readonly #next = new Map<number, bigint>();

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
    return this.#occurrences.judge(ledger);
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
    // On a broker that has just started, run() may return before there is a group to seek in.
    let joined = false;
    consumer.on(consumer.events.GROUP_JOIN, () => (joined = true));
    await consumer.connect();
    try {
      await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
      await consumer.run({ autoCommit: false, eachBatch: async ({ batch }) => this.#note(batch) });
      await until('the judge has joined its group', async () => joined);
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
      this.#occurrences.note(String(headers.ce_subject), Number(headers.ce_entityversion));
    }
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
