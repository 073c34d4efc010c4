import type { Kafka, Message, Producer, TopicMessages } from 'kafkajs';
import { createKafka, RELAY_CLIENT, STEADY_CLIENT } from './kafka-client.js';
import { keyPartitioner } from './key-partitioner.js';
import type { OutgoingRecord } from './record.js';
import type { KafkaSettings } from './settings.js';

/** kafkajs groups records per partition in quadratic time: above this it is noticeable. */
const MAX_RECORDS_PER_SEND = 1000;
const ALL_REPLICAS = -1;

/** Sends records to Kafka. Nothing of the client library shows through. */
export interface EventProducer {
  /** Opens connections; sendBatch does it too when needed. Rejects when no broker answers. */
  connect(): Promise<void>;
  /**
   * Resolves when all records are acknowledged by all in-sync replicas; order of one key is kept.
   * After a rejection some of the records may be in the log: send all of them again.
   */
  sendBatch(records: readonly OutgoingRecord[]): Promise<void>;
  disconnect(): Promise<void>;
}

/**
 * The relay's producer: no retries inside, and every call settles within 10 s, because it runs
 * inside a transaction that holds a lane, and a late retry could overtake a newer record.
 */
export function createRelayProducer(settings: KafkaSettings): EventProducer {
  return new KafkaEventProducer(createKafka(settings, RELAY_CLIENT), 2000);
}

/** A producer for everything else: retries inside, rides out a broker restart of some seconds. */
export function createProducer(settings: KafkaSettings): EventProducer {
  return new KafkaEventProducer(createKafka(settings, STEADY_CLIENT), 10000);
}

class KafkaEventProducer implements EventProducer {
  readonly #producer: Producer;
  #connecting: Promise<void> | undefined;

  /** @param ackTimeoutMs how long the broker may wait for its replicas */
  constructor(
    kafka: Kafka,
    private readonly ackTimeoutMs: number,
  ) {
    this.#producer = kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: keyPartitioner,
    });
  }

  connect(): Promise<void> {
    this.#connecting ??= this.#producer.connect().catch((error: unknown) => {
      this.#connecting = undefined;
      throw error;
    });
    return this.#connecting;
  }

  async sendBatch(records: readonly OutgoingRecord[]): Promise<void> {
    await this.connect();
    for (let from = 0; from < records.length; from += MAX_RECORDS_PER_SEND) {
      await this.#producer.sendBatch({
        acks: ALL_REPLICAS,
        timeout: this.ackTimeoutMs,
        topicMessages: byTopic(records.slice(from, from + MAX_RECORDS_PER_SEND)),
      });
    }
  }

  async disconnect(): Promise<void> {
    this.#connecting = undefined;
    await this.#producer.disconnect();
  }
}

function byTopic(records: readonly OutgoingRecord[]): TopicMessages[] {
  const byName = new Map<string, Message[]>();
  for (const record of records) {
    const messages = byName.get(record.topic);
    if (messages) messages.push(message(record));
    else byName.set(record.topic, [message(record)]);
  }
  return [...byName].map(([topic, messages]) => ({ topic, messages }));
}

function message({ key, value, headers }: OutgoingRecord): Message {
  return { key, value, headers };
}
