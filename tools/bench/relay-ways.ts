import { type Database, openDatabase } from '@penguinmails/database';
import { createRelayProducer, type EventProducer } from '@penguinmails/kafka';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { benchKafka } from './inbox-load.ts';

export interface RelayOptions {
  readonly way: 'three_relays' | 'one_relay' | 'skip_locked';
  readonly brokers: string;
  readonly appUrl: string;
  readonly systemUrl: string;
}

const say = (fields: object, message: string): boolean =>
  process.stderr.write(`${message} ${JSON.stringify(fields)}\n`);
const logger = { debug: () => undefined, info: () => undefined, warn: say, error: say };

/** Connected, not yet started. */
export interface Relay {
  start(): void;
  stop(): Promise<void>;
}

interface RelayParts {
  OutboxRelay: new (settings: object) => Relay;
  WakeUp: new () => object;
}

/** Not part of the library's public face: Nest builds it in a service. */
async function loaded<K extends keyof RelayParts>(file: string): Promise<Pick<RelayParts, K>> {
  const { href } = new URL(`../../libs/outbox/dist/${file}.js`, import.meta.url);
  return (await import(href)) as Pick<RelayParts, K>;
}

function open({ appUrl, systemUrl }: RelayOptions): Database {
  const pool = { max: 10, idleTimeoutMillis: 30_000, connectionTimeoutMillis: 5_000 };
  const urls = { app: { url: appUrl, ...pool }, system: { url: systemUrl, ...pool } };
  return openDatabase({ tier: 'oltp', ...urls, pooled: false });
}

/** The library's relay, as MessagingModule builds it. */
export async function productRelay(options: RelayOptions): Promise<Relay> {
  const { OutboxRelay } = await loaded<'OutboxRelay'>('outbox-relay');
  const { WakeUp } = await loaded<'WakeUp'>('wake-up');
  const database = open(options);
  const producer: EventProducer = createRelayProducer({
    brokers: options.brokers.split(','),
    clientId: 'bench-relay',
    logger,
  });
  const { system } = database;
  await Promise.all([producer.connect(), system.once((tx) => tx.query('SELECT 1'))]);
  const relay = new OutboxRelay({ system, producer, wakeUp: new WakeUp(), logger });
  const stop = async (): Promise<void> => {
    await relay.stop();
    await database.close();
  };
  return { start: () => relay.start(), stop };
}

const NEXT = `
  SELECT seq, topic, key, headers, payload FROM outbox ORDER BY seq LIMIT 500
  FOR UPDATE SKIP LOCKED`;

interface Row {
  seq: string;
  topic: string;
  key: string;
  headers: Record<string, string>;
  payload: string;
}

/** Takes rows as they come: what is mostly written by hand. It keeps no order per key. */
export async function skipLockedRelay({ brokers, systemUrl }: RelayOptions): Promise<Relay> {
  const pool = new pg.Pool({ connectionString: systemUrl, max: 4 });
  const producer = benchKafka(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  let stopping = false;
  const drain = async (): Promise<void> => {
    while (!stopping) if ((await relayOnce(pool, producer)) === 0) await delay(20);
  };
  let workers: Promise<void>[] = [];
  const start = (): void => {
    workers = Array.from({ length: 4 }, drain);
  };
  const stop = async (): Promise<void> => {
    stopping = true;
    await Promise.all(workers);
    await producer.disconnect();
    await pool.end();
  };
  return { start, stop };
}

type Sender = ReturnType<ReturnType<typeof benchKafka>['producer']>;

async function relayOnce(pool: pg.Pool, producer: Sender): Promise<number> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<Row>({ name: 'next', text: NEXT });
    if (rows.length > 0) await publish(client, producer, rows);
    await client.query('COMMIT');
    return rows.length;
  } finally {
    client.release();
  }
}

async function publish(client: pg.PoolClient, producer: Sender, rows: Row[]): Promise<void> {
  const messages = rows.map(({ key, headers, payload }) => ({ key, headers, value: payload }));
  await producer.sendBatch({ acks: -1, topicMessages: [{ topic: rows[0].topic, messages }] });
  const values = [rows.map(({ seq }) => seq)];
  await client.query({
    name: 'done',
    text: 'DELETE FROM outbox WHERE seq = ANY ($1::bigint[])',
    values,
  });
}
