import {
  type SystemTransaction,
  type TenantTransaction,
  underTenants,
} from '@penguinmails/database';

/** A row of the outbox before it is written; topic, key, headers and payload are the record. */
export interface OutboxRow {
  tenantId: string;
  id: string;
  topic: string;
  key: string;
  aggregateType: string;
  aggregateId: string;
  type: string;
  headers: Record<string, string>;
  payload: string | null;
}

/**
 * Rows get their seq in the order of the arrays. Of two writers of one aggregate the second waits
 * for the first one's row lock before it comes here, so per key the order of seq is the order of the
 * commits: that is what the lanes of the relay rely on. The WHERE runs once, before the first row: a
 * writer has its transaction id before its first number, which is what the floors rely on.
 */
const INSERT = `
  INSERT INTO outbox
    (tenant_id, id, lane, topic, key, aggregatetype, aggregateid, type, headers, payload)
  SELECT tenant_id, id, hashtextextended(key, 0) & 31, topic, key, aggregatetype, aggregateid, type,
    headers, payload
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::jsonb[], $9::text[]) WITH ORDINALITY
    AS new (tenant_id, id, topic, key, aggregatetype, aggregateid, type, headers, payload, place)
  WHERE pg_current_xact_id() IS NOT NULL
  ORDER BY place`;

/** Writes the rows with one statement, in this order. */
export async function insertOutboxRows(
  tx: TenantTransaction | SystemTransaction,
  rows: readonly OutboxRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const column = <V>(value: (row: OutboxRow) => V) => rows.map(value);
  await tx.query(
    INSERT,
    [
      column((row) => row.tenantId),
      column((row) => row.id),
      column((row) => row.topic),
      column((row) => row.key),
      column((row) => row.aggregateType),
      column((row) => row.aggregateId),
      column((row) => row.type),
      column((row) => JSON.stringify(row.headers)),
      column((row) => row.payload),
    ],
    { name: 'outbox-insert' },
  );
}

/** A row for {@link outboxInsertOfMany}: `item` says what of the statement it belongs to. */
export type OutboxRecord = OutboxRow & { readonly item: number };

/** The parameters of {@link outboxInsertOfMany}. */
export function outboxColumns(records: readonly OutboxRecord[]): unknown[][] {
  const column = <V>(value: (record: OutboxRecord) => V) => records.map(value);
  return [
    column((record) => record.item),
    column((record) => record.tenantId),
    column((record) => record.id),
    column((record) => record.topic),
    column((record) => record.key),
    column((record) => record.aggregateType),
    column((record) => record.aggregateId),
    column((record) => record.type),
    column((record) => JSON.stringify(record.headers)),
    column((record) => record.payload),
  ];
}

/**
 * An INSERT for a statement over rows of several tenants (`TenantDatabase.rowByRow`) that writes changes
 * and their events at once: the events whose `item` is a number `n` of the relation. `item` is also the
 * place of the tenant, under whom the row is written; an event of another tenant is refused (42501). The
 * same order and the same condition as above; the statement must have written or locked the aggregates'
 * rows.
 *
 * @param first number of the first of the parameters that {@link outboxColumns} gives
 */
export function outboxInsertOfMany(first: number, relation: string): string {
  const types = ['int', 'uuid', 'uuid', 'text', 'text', 'text', 'text', 'text', 'jsonb', 'text'];
  const lists = types.map((type, at) => `$${first + at}::${type}[]`);
  const rows = `(SELECT new.* FROM unnest(${lists.join(', ')}) WITH ORDINALITY AS new (item, tenant_id,
      id, topic, key, aggregate_type, aggregate_id, type, headers, payload, place)
    WHERE pg_current_xact_id() IS NOT NULL AND (item IN (SELECT n FROM ${relation})) IS TRUE
    ORDER BY place)`;
  return `
  INSERT INTO outbox
    (tenant_id, id, lane, topic, key, aggregatetype, aggregateid, type, headers, payload)
  SELECT tenant_id, id, hashtextextended(key, 0) & 31, topic, key, aggregate_type, aggregate_id, type,
    headers, payload
  FROM ${underTenants(rows, 'item')} AS new`;
}
