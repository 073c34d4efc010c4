import { newId } from '@penguinmails/contracts';
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import type { IncomingRecord } from '@penguinmails/kafka';
import type { PartitionId } from './consumer-position.js';
import { type EventRecord, orderKey } from './event-record.js';
import { storableHeaders } from './storable.js';

type Transaction = TenantTransaction | SystemTransaction;

/** An event to be parked. */
export interface Parking {
  record: EventRecord;
  /** Slug of its own failure; null when it only waits behind an earlier event of its key. */
  failure: string | null;
  /** From now to its first retry, in milliseconds. */
  retryInMs: number;
}

/** The events of one key of one tenant, of which only the first is retried. */
export interface ParkedKey {
  topic: string;
  partition: number;
  tenantId: string;
  key: string;
}

/** A parked event as it came from Kafka, with its history. */
export interface ParkedEvent {
  id: string;
  attempts: number;
  isDue: boolean;
  record: IncomingRecord;
}

const PARKED_KEYS = `
  SELECT DISTINCT tenant_id, key FROM parked_event
  WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND (tenant_id, key) IN
    (SELECT tenant_id, key FROM unnest($4::uuid[], $5::text[]) AS wanted (tenant_id, key))`;

/** Which of the records' keys have parked events, as {@link orderKey} writes them. */
export async function parkedKeys(
  tx: Transaction,
  { group, topic, partition }: PartitionId,
  records: readonly EventRecord[],
): Promise<Set<string>> {
  const tenants = records.map(({ event }) => event.tenantId);
  const keys = records.map(({ key }) => key);
  const { rows } = await tx.query<{ tenant_id: string; key: string }>(PARKED_KEYS, [
    group,
    topic,
    partition,
    tenants,
    keys,
  ]);
  return new Set(rows.map((row) => orderKey(row.tenant_id, row.key)));
}

const INSERT = `
  INSERT INTO parked_event (id, tenant_id, consumer_group, topic, partition, record_offset, key,
    event_id, type, headers, payload, last_error, next_attempt_at)
  SELECT id, tenant_id, $1, $2, $3, record_offset, key, event_id, type, headers, payload, failure,
    now() + retry_in * interval '1 millisecond'
  FROM unnest($4::uuid[], $5::uuid[], $6::bigint[], $7::text[], $8::uuid[], $9::text[], $10::jsonb[],
    $11::text[], $12::text[], $13::float8[]) AS new (id, tenant_id, record_offset, key, event_id,
    type, headers, payload, failure, retry_in)`;

/** Parks events; in the transaction that advances the position over them. */
export async function park(
  tx: Transaction,
  { group, topic, partition }: PartitionId,
  parkings: readonly Parking[],
): Promise<void> {
  if (parkings.length === 0) return;
  const column = <V>(value: (record: EventRecord) => V) =>
    parkings.map(({ record }) => value(record));
  await tx.query(INSERT, [
    group,
    topic,
    partition,
    parkings.map(() => newId()),
    column(({ event }) => event.tenantId),
    column(({ record }) => record.offset.toString()),
    column(({ key }) => key),
    column(({ event }) => event.id),
    column(({ event }) => event.type),
    column(({ record }) => JSON.stringify(storableHeaders(record.headers))),
    column(({ record }) => record.value?.toString() ?? null),
    parkings.map(({ failure }) => failure),
    parkings.map(({ retryInMs }) => retryInMs),
  ]);
}

const DUE_KEYS = `
  SELECT topic, partition, tenant_id, key FROM parked_event AS head
  WHERE consumer_group = $1 AND topic = ANY ($2) AND next_attempt_at <= now() AND NOT EXISTS (
    SELECT FROM parked_event AS earlier
    WHERE (earlier.tenant_id, earlier.consumer_group, earlier.topic, earlier.key, earlier.partition)
        = (head.tenant_id, head.consumer_group, head.topic, head.key, head.partition)
      AND earlier.record_offset < head.record_offset)
  ORDER BY next_attempt_at LIMIT 100`;

/** The keys on these topics whose first event is due. Needs the system login: it looks at all tenants. */
export async function dueKeys(
  tx: SystemTransaction,
  group: string,
  topics: readonly string[],
): Promise<ParkedKey[]> {
  const { rows } = await tx.query<ParkedKey & { tenant_id: string }>(DUE_KEYS, [group, topics], {
    name: 'parked-due-keys',
  });
  return rows.map(({ topic, partition, tenant_id, key }) => ({
    topic,
    partition,
    tenantId: tenant_id,
    key,
  }));
}

interface Row {
  id: string;
  attempts: number;
  is_due: boolean;
  record_offset: string;
  headers: Record<string, string>;
  payload: string | null;
  parked_at: Date;
}

const FIRST_OF_KEY = `
  SELECT id, attempts, next_attempt_at <= now() AS is_due, record_offset, headers, payload, parked_at
  FROM parked_event
  WHERE tenant_id = $1 AND consumer_group = $2 AND topic = $3 AND key = $4 AND partition = $5
  ORDER BY record_offset LIMIT 1`;

/** The first parked event of a key; undefined when none is left. */
export async function firstOfKey(
  tx: Transaction,
  group: string,
  { topic, partition, tenantId, key }: ParkedKey,
): Promise<ParkedEvent | undefined> {
  const values = [tenantId, group, topic, key, partition];
  const row = (await tx.query<Row>(FIRST_OF_KEY, values)).rows.at(0);
  if (!row) return undefined;
  const record: IncomingRecord = {
    topic,
    partition,
    offset: BigInt(row.record_offset),
    key,
    value: row.payload === null ? null : Buffer.from(row.payload),
    headers: row.headers,
    timestamp: row.parked_at,
  };
  return { id: row.id, attempts: row.attempts, isDue: row.is_due, record };
}

export async function removeParked(tx: Transaction, tenantId: string, id: string): Promise<void> {
  await tx.query('DELETE FROM parked_event WHERE tenant_id = $1 AND id = $2', [tenantId, id]);
}

const HEAD_DUE_NOW = `
  UPDATE parked_event SET next_attempt_at = now() WHERE (tenant_id, id) = (
    SELECT tenant_id, id FROM parked_event
    WHERE tenant_id = $1 AND consumer_group = $2 AND topic = $3 AND key = $4 AND partition = $5
    ORDER BY record_offset LIMIT 1)`;

/** Makes the first event of a key due. */
export async function headDueNow(
  tx: SystemTransaction,
  group: string,
  of: { tenant_id: string; topic: string; key: string; partition: number },
): Promise<void> {
  await tx.query(HEAD_DUE_NOW, [of.tenant_id, group, of.topic, of.key, of.partition]);
}

const POSTPONE = `
  UPDATE parked_event SET attempts = $3, last_error = $4,
    next_attempt_at = now() + $5 * interval '1 millisecond'
  WHERE tenant_id = $1 AND id = $2`;

/** Records a failed try and when the next one is due. */
export async function postpone(
  tx: Transaction,
  tenantId: string,
  { id, attempts }: Pick<ParkedEvent, 'id' | 'attempts'>,
  failure: string,
  retryInMs: number,
): Promise<void> {
  await tx.query(POSTPONE, [tenantId, id, attempts, failure, retryInMs]);
}
