import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type IHeaders, Kafka, logLevel, type Message } from 'kafkajs';
import { withoutTimerWarning } from '../../stack/demo/evidence/kafkajs-warning.ts';
import type { RoundSettings } from '../round.ts';
import { untilSettled } from '../settle.ts';
import { sendSome } from './send-some.ts';

const EMAILS = 60;
const TOPICS = /^penguinmails[.]internal[.]/;
const READ_WITHIN_MS = 60_000;
const POLL_MS = 100;

interface Record {
  topic: string;
  partition: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: IHeaders | undefined;
}

/**
 * Every internal event is published a second time, as by a relay that died between sending and
 * deleting. Nothing may come of it: no second job, no second copy, no counter that counts twice.
 */
export async function countTwice(settings: RoundSettings): Promise<string[]> {
  const { tenants, label } = await sendSome(settings, 'duplicates', EMAILS);
  const before = await untilSettled(settings, tenants, label, 0);
  if (before.verdict.violations.length > 0) return before.verdict.violations;
  await publishAgain(settings.stack.describe().kafka.brokers);
  return (await untilSettled(settings, tenants, label, 0)).verdict.violations;
}

async function publishAgain(brokers: string): Promise<void> {
  withoutTimerWarning();
  const kafka = new Kafka({
    clientId: 'penguinmails-chaos',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
  });
  const records = await readAll(kafka);
  const producer = kafka.producer();
  await producer.connect();
  for (const [topic, own] of Map.groupBy(records, (record) => record.topic))
    await producer.send({ topic, messages: own.map(messageOf) });
  await producer.disconnect();
}

const messageOf = ({ partition, key, value, headers }: Record): Message => ({
  partition,
  key,
  value,
  headers: headers ?? {},
});

/** Everything that the internal topics hold. */
async function readAll(kafka: Kafka): Promise<Record[]> {
  const { topics, count } = await extent(kafka);
  const consumer = kafka.consumer({ groupId: `chaos-${randomUUID()}` });
  const records: Record[] = [];
  await consumer.connect();
  await consumer.subscribe({ topics, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ topic, partition, message: { key, value, headers } }) => {
      records.push({ topic, partition, key, value, headers });
    },
  });
  const deadline = Date.now() + READ_WITHIN_MS;
  while (records.length < count) {
    if (Date.now() > deadline) throw new Error(`read ${records.length} of ${count} events`);
    await delay(POLL_MS);
  }
  await consumer.disconnect();
  return records;
}

async function extent(kafka: Kafka): Promise<{ topics: string[]; count: number }> {
  const admin = kafka.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => TOPICS.test(topic));
  const offsets = await Promise.all(topics.map((topic) => admin.fetchTopicOffsets(topic)));
  await admin.disconnect();
  const held = offsets.flat().map(({ low, high }) => Number(high) - Number(low));
  return { topics, count: held.reduce((sum, size) => sum + size, 0) };
}
