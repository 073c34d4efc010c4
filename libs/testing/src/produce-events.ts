import {
  type EventData,
  type EventType,
  emittersOf,
  encodeEvent,
  keyOf,
  newId,
  type Tier,
  toHeaders,
  topicOf,
  topics,
} from '@penguinmails/contracts';
import { eventually } from './eventually.js';
import { testKafka } from './kafka-client.js';

/** One event to put on its topic, as the outbox relay of its owner would. */
export interface TestEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly tenantId: string;
  readonly subject: string;
  readonly data: EventData<T>;
  readonly id?: string;
  readonly time?: Date;
  /** The emitting tier where several may write the type. */
  readonly source?: Tier;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly entityVersion?: number;
}

/** A record as it stands on the log; for what no relay would write. */
export interface TestRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
}

const PUBLIC_URL = 'http://127.0.0.1';

/** The record of an event, with CloudEvents headers; the data must fit its schema. */
export function eventRecord<T extends EventType>(event: TestEvent<T>): TestRecord {
  const { type, tenantId, subject, data, ...rest } = event;
  const source = event.source ?? emittersOf(type)[0];
  const key = keyOf(type, { tenantId, data });
  const envelope = { id: newId(), time: new Date(), ...rest, type, tenantId, subject, source };
  return {
    topic: topicOf(type, source),
    key,
    value: encodeEvent(type, data),
    headers: toHeaders({ ...envelope, partitionKey: key }, PUBLIC_URL),
  };
}

/** Makes those of the topics that are missing, as the list of the contracts says. */
export async function ensureTestTopics(
  brokers: readonly string[],
  names: readonly string[],
): Promise<void> {
  const wanted = new Set(names);
  const admin = testKafka(brokers).admin();
  await admin.connect();
  try {
    const known = new Set(await admin.listTopics());
    const missing = [...wanted].filter((name) => !known.has(name));
    if (missing.length === 0) return;
    const wishes = missing.map((topic) => ({
      topic,
      numPartitions: topics.find(({ name }) => name === topic)?.partitions.embedded ?? 3,
    }));
    // Those that are there already make it answer false; one that is just made may be unknown for a moment.
    await eventually(async () => {
      await admin.createTopics({ waitForLeaders: true, topics: wishes });
      return true;
    });
  } finally {
    await admin.disconnect();
  }
}

/** Puts records on their topics, in the given order per key; resolves when the broker has them. */
export async function produceRecords(
  brokers: readonly string[],
  records: readonly TestRecord[],
): Promise<void> {
  const names = [...new Set(records.map(({ topic }) => topic))];
  await ensureTestTopics(brokers, names);
  // What is sent again because an answer was late is there once.
  const options = { allowAutoTopicCreation: false, idempotent: true };
  const producer = testKafka(brokers).producer(options);
  await producer.connect();
  try {
    await producer.sendBatch({
      acks: -1,
      topicMessages: names.map((topic) => ({
        topic,
        messages: records
          .filter((record) => record.topic === topic)
          .map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
      })),
    });
  } finally {
    await producer.disconnect();
  }
}

/** Validates the events and puts them on their topics with CloudEvents headers. */
export async function produceEvents(
  brokers: readonly string[],
  events: readonly TestEvent[],
): Promise<void> {
  await produceRecords(
    brokers,
    events.map((event) => eventRecord(event)),
  );
}
