import {
  encodeEvent,
  type EventData,
  newId,
  newStorageKey,
  toHeaders,
} from '@penguinmails/contracts';
import kafkajs, { type Admin, type Producer } from 'kafkajs';

export const TYPE = 'penguinmails.email.accepted.v1';
export const TOPIC = 'penguinmails.internal.oltp.emails.v1';
export const PARTITIONS = 3;
const RECORDS_PER_SEND = 1_500;

export function benchKafka(brokers: string) {
  return new kafkajs.Kafka({
    clientId: 'bench',
    brokers: brokers.split(','),
    logLevel: kafkajs.logLevel.NOTHING,
  });
}

export const tenantOf = (index: number): string =>
  `01990000-0000-7000-9000-${String(index).padStart(12, '0')}`;

function data(emailId: string): EventData<typeof TYPE> {
  return {
    email_id: emailId,
    storage_key: newStorageKey(),
    mailbox_id: newId(),
    domain_key: '9f86d081884c7d659a2feaa0c55ad015',
    mode: 'live',
    priority: 0,
    scheduled_at: null,
    size_bytes: 4_096,
  };
}

/** As the relay sends it, save that the partition is given: record n of it is of tenant n mod tenants. */
function message(index: number, tenants: number) {
  const partition = index % PARTITIONS;
  const tenantId = tenantOf(Math.floor(index / PARTITIONS) % tenants);
  const [id, emailId] = [newId(), newId()];
  const envelope = { id, type: TYPE, source: 'oltp' as const, subject: emailId, time: new Date() };
  const headers = toHeaders(
    { ...envelope, tenantId, partitionKey: emailId, correlationId: id, entityVersion: 1 },
    'http://127.0.0.1:8080',
  );
  return { partition, key: emailId, value: encodeEvent(TYPE, data(emailId)), headers };
}

async function send(producer: Producer, from: number, to: number, tenants: number): Promise<void> {
  const messages = Array.from({ length: to - from }, (_, n) => message(from + n, tenants));
  await producer.send({ topic: TOPIC, acks: -1, messages });
}

/** Puts `count` events on the topic: any 500 in a row of a partition are of min(tenants, 500) tenants. */
export async function produce(brokers: string, count: number, tenants: number): Promise<void> {
  const producer = benchKafka(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  for (let from = 0; from < count; from += RECORDS_PER_SEND)
    await send(producer, from, Math.min(from + RECORDS_PER_SEND, count), tenants);
  await producer.disconnect();
}

/** Makes the topic; a consumer group may be set to any place on it before it first runs. */
export async function withTopic(brokers: string): Promise<Admin> {
  const admin = benchKafka(brokers).admin();
  await admin.connect();
  const topics = [{ topic: TOPIC, numPartitions: PARTITIONS }];
  await admin.createTopics({ waitForLeaders: true, topics });
  return admin;
}

export async function startGroupAt(admin: Admin, groupId: string, offset: number): Promise<void> {
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({
    partition,
    offset: String(offset),
  }));
  await admin.setOffsets({ groupId, topic: TOPIC, partitions });
}
