import { TOPIC, benchKafka } from './inbox-load.ts';
import type { RunOptions, Window } from './inbox-window.ts';
import { PARTITIONS } from './inbox-load.ts';
import pg from 'pg';
import type { KafkaMessage } from 'kafkajs';

const TAKE = `INSERT INTO inbox (event_id, consumer) VALUES ($1, 1) ON CONFLICT DO NOTHING`;
const UPSERT = `
  INSERT INTO tallies (tenant_id, hour, events, bytes) VALUES ($1, $2, 1, $3)
  ON CONFLICT (tenant_id, hour) DO UPDATE
  SET events = tallies.events + 1, bytes = tallies.bytes + excluded.bytes`;

const header = ({ headers }: KafkaMessage, name: string): string => String(headers?.[name]);

async function handle(client: pg.PoolClient, message: KafkaMessage): Promise<number> {
  const tenantId = header(message, 'ce_tenantid');
  const hour = `${header(message, 'ce_time').slice(0, 13)}:00:00Z`;
  const { size_bytes } = JSON.parse(String(message.value)) as { size_bytes: number };
  await client.query('BEGIN');
  const take = { name: 'take', text: TAKE, values: [header(message, 'ce_id')] };
  const { rowCount } = await client.query(take);
  if (rowCount === 1) {
    const set = `SELECT set_config('app.current_tenant_id', $1, true)`;
    await client.query({ name: 'set', text: set, values: [tenantId] });
    await client.query({ name: 'upsert', text: UPSERT, values: [tenantId, hour, size_bytes] });
  }
  await client.query('COMMIT');
  return rowCount ?? 0;
}

/**
 * What is mostly written by hand: kafkajs' eachMessage, one transaction per event with its inbox row.
 * No schema check, no parking, no fence.
 */
export async function runPerRecord(options: RunOptions, window: Window): Promise<void> {
  const pool = new pg.Pool({ connectionString: options.appUrl, max: PARTITIONS });
  const consumer = benchKafka(options.brokers).consumer({ groupId: options.group });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: PARTITIONS,
    eachMessage: async ({ message }) => {
      const client = await pool.connect();
      window.add(await handle(client, message).finally(() => client.release()));
    },
  });
  await window.ended;
  await consumer.disconnect();
  await pool.end();
}
