import { randomUUID } from 'node:crypto';
import type { Admin, EachMessagePayload, Kafka } from 'kafkajs';
import { Arrivals } from './arrivals.js';
import { eventually } from './eventually.js';
import { testKafka } from './kafka-client.js';
import { ensureTestTopics } from './produce-events.js';

/** One record read back from a topic; `id`, `type`, `tenantId`, `subject` come from its headers. */
export interface CollectedEvent {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly id: string;
  readonly type: string;
  readonly tenantId: string;
  readonly subject: string;
  /** The JSON value; null for an empty one. */
  readonly data: Record<string, unknown> | null;
}

export interface EventCollector {
  /** Everything read so far, in order of arrival. */
  readonly events: readonly CollectedEvent[];
  /** Resolves with the first event that matches, also one that came before; rejects after 90 s. */
  waitFor(match: (event: CollectedEvent) => boolean, timeoutMs?: number): Promise<CollectedEvent>;
  stop(): Promise<void>;
}

type Offsets = { topic: string; partition: number; offset: string }[];

const PATIENCE_MS = 90_000;

/** A topic that was just made may be unknown to the broker for a moment. */
async function endOffsets(admin: Admin, names: readonly string[]): Promise<Offsets> {
  const perTopic = names.map(async (topic) => {
    const partitions = await eventually(() => admin.fetchTopicOffsets(topic));
    return partitions.map(({ partition, high }) => ({ topic, partition, offset: high }));
  });
  return (await Promise.all(perTopic)).flat();
}

function toEvent({ topic, partition, message }: EachMessagePayload): CollectedEvent {
  const headers = Object.fromEntries(
    Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
  );
  return {
    topic,
    partition,
    offset: message.offset,
    key: message.key?.toString() ?? null,
    headers,
    id: headers.ce_id,
    type: headers.ce_type,
    tenantId: headers.ce_tenantid,
    subject: headers.ce_subject,
    data: message.value && (JSON.parse(message.value.toString()) as Record<string, unknown>),
  };
}

/** Hands on each record once: a group that forms anew begins again behind its last one. */
function onceEach(places: Offsets, arrivals: Arrivals<CollectedEvent>) {
  const placeOf = new Map(places.map((place) => [`${place.topic}/${place.partition}`, place]));
  return async (payload: EachMessagePayload): Promise<void> => {
    const place = placeOf.get(`${payload.topic}/${payload.partition}`);
    const offset = BigInt(payload.message.offset);
    if (!place || offset < BigInt(place.offset)) return;
    place.offset = String(offset + 1n);
    arrivals.add(toEvent(payload));
  };
}

async function readFrom(kafka: Kafka, places: Offsets, arrivals: Arrivals<CollectedEvent>) {
  const groupId = `collector-${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 });
  const joined = new Promise<void>((resolve) => {
    consumer.on(consumer.events.GROUP_JOIN, () => {
      // From the ends as they were before: what came while the group formed is not missed.
      for (const place of places) consumer.seek(place);
      resolve();
    });
  });
  await consumer.connect();
  const topics = [...new Set(places.map(({ topic }) => topic))];
  await eventually(() => consumer.subscribe({ topics }));
  await consumer.run({ autoCommit: false, eachMessage: onceEach(places, arrivals) });
  await joined;
  return consumer;
}

/** Reads the topics from their present ends on; makes them when missing. */
export async function collectEvents(
  brokers: readonly string[],
  topics: readonly string[],
): Promise<EventCollector> {
  await ensureTestTopics(brokers, topics);
  const kafka = testKafka(brokers);
  const admin = kafka.admin();
  await admin.connect();
  const arrivals = new Arrivals<CollectedEvent>('event');
  const consumer = await readFrom(kafka, await endOffsets(admin, topics), arrivals);
  return {
    events: arrivals.all,
    waitFor: (match, timeoutMs = PATIENCE_MS) => arrivals.waitFor(match, timeoutMs),
    // The group, which has committed nothing, goes with its last member.
    stop: async () => {
      await consumer.disconnect();
      await admin.disconnect();
    },
  };
}
