import { randomUUID } from 'node:crypto';
import kafkajs, { type Consumer, type Kafka } from 'kafkajs';
import { eventually, produceRecords, type TestRecord } from '@penguinmails/testing/events';
import { tiers } from '../../stack/ports.ts';

/** Header by which a record is known again among the dead letters, which keep all headers. */
const MARK = 'probe-id';
const ARRIVES_WITHIN = { timeoutMs: 180_000, intervalMs: 50 };

const TOPICS = tiers.map((tier) => `penguinmails.dlq.${tier}.v1`);

/** The apps make the topics while they are ready already. */
async function untilTopics(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const made = async (): Promise<boolean> => {
      const known = new Set(await admin.listTopics());
      return TOPICS.every((topic) => known.has(topic));
    };
    await eventually(made, ARRIVES_WITHIN);
  } finally {
    await admin.disconnect();
  }
}

/** A record to be put on its topic as it is, and the consumers that must give it up. */
export interface ForgedRecord extends TestRecord {
  readonly name: string;
  readonly givenUpBy: readonly string[];
}

/** Reads the dead-letter topics of all tiers from now on. */
export class DeadLetters {
  readonly #brokers: string[];
  readonly #consumer: Consumer;
  /** `<tier> <probe id>` → reason. */
  readonly #seen = new Map<string, string>();

  private constructor(brokers: string[], consumer: Consumer) {
    this.#brokers = brokers;
    this.#consumer = consumer;
  }

  static async open(brokers: string[]): Promise<DeadLetters> {
    const { logLevel } = kafkajs;
    const retry = { initialRetryTime: 50, retries: 20 };
    const kafka = new kafkajs.Kafka({
      brokers,
      clientId: 'isolation',
      logLevel: logLevel.NOTHING,
      retry,
    });
    await untilTopics(kafka);
    const groupId = `isolation-${randomUUID()}`;
    const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 100 });
    const opened = new DeadLetters(brokers, consumer);
    await opened.#start();
    return opened;
  }

  async #start(): Promise<void> {
    const joined = new Promise<void>((resolve) => {
      this.#consumer.on('consumer.group_join', () => resolve());
    });
    await this.#consumer.connect();
    // All of it: marks are unique, and nothing that comes while the group forms is missed.
    await this.#consumer.subscribe({ topics: TOPICS, fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachMessage: async ({ topic, message: { headers = {} } }) => {
        const id = `${topic.split('.')[2]} ${String(headers[MARK])}`;
        this.#seen.set(id, String(headers['dlq-reason']));
      },
    });
    await joined;
  }

  /**
   * Puts the records on their topics and waits until every consumer has given up its own.
   * @returns what no consumer gave up in time
   */
  async giveUp(records: readonly ForgedRecord[]): Promise<string[]> {
    const marked = records.map((record) => ({ record, id: randomUUID() }));
    await this.#produce(marked);
    const missing = (): string[] =>
      marked.flatMap(({ record: { name, givenUpBy }, id }) =>
        givenUpBy
          .filter((tier) => !this.#seen.has(`${tier} ${id}`))
          .map((tier) => `${name}: ${tier} does not give it up`),
      );
    await eventually(() => missing().length === 0, ARRIVES_WITHIN).catch(() => undefined);
    return missing();
  }

  async #produce(marked: readonly { record: ForgedRecord; id: string }[]): Promise<void> {
    const records = marked.map(({ record, id }) => ({
      ...record,
      headers: { ...record.headers, [MARK]: id },
    }));
    await produceRecords(this.#brokers, records);
  }

  stop(): Promise<void> {
    return this.#consumer.disconnect();
  }
}
