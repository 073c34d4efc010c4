import type pg from 'pg';
import { newId } from '@penguinmails/contracts';

/** A table of tenants, with what is needed to insert a row that means nothing. */
export interface ProbedTable {
  readonly name: string;
  readonly tenantColumn: string;
  readonly columns: readonly ProbedColumn[];
}

interface ProbedColumn {
  readonly name: string;
  readonly type: string;
  /** Of a column by whose values the table is partitioned: one that has a partition. */
  readonly listed: string | null;
}

const TABLES = `
SELECT c.relname AS name,
  CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS "tenantColumn",
  (SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, NULL),
     'listed', CASE pg_get_partkeydef(c.oid) WHEN format('LIST (%I)', a.attname) THEN (
       SELECT substring(pg_get_expr(p.relpartbound, p.oid) FROM 'IN \\(''([^'']*)''')
       FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
       WHERE i.inhparent = c.oid LIMIT 1
     ) END))
   FROM pg_attribute a
   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity = ''
     AND a.attgenerated = '' AND a.attnotnull AND (NOT a.atthasdef OR a.attname = 'tenant_id')
  ) AS columns
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN (SELECT name FROM platform_tables)
ORDER BY c.relname`;

export async function readProbedTables(admin: pg.Client): Promise<ProbedTable[]> {
  return (await admin.query<ProbedTable>(TABLES)).rows;
}

/**
 * Takes away CHECKs and foreign keys: they are not what is probed, and without them any value of the
 * right type makes a row.
 */
export async function loosenConstraints(admin: pg.Client): Promise<void> {
  const { rows } = await admin.query<{ drop: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS drop
     FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f') AND conrelid <> 0
       AND conparentid = 0 AND coninhcount = 0`,
  );
  for (const { drop } of rows) await admin.query(drop);
}

const SAMPLES: readonly [RegExp, (letter: string) => string][] = [
  [/^uuid$/, () => newId()],
  [/\[\]$/, () => '{}'],
  [/^(text|character)/, (letter) => letter],
  [/^(smallint|integer|bigint|numeric|real|double)/, () => '1'],
  [/^boolean$/, () => 'false'],
  [/^(timestamp|date)/, () => new Date().toISOString()],
  [/^jsonb?$/, () => '{}'],
  [/^bytea$/, () => '\\x00'],
  [/^interval$/, () => '1 day'],
];

function sample(type: string, letter: string): string {
  const found = SAMPLES.find(([pattern]) => pattern.test(type));
  if (!found) throw new Error(`no sample value of the type ${type}`);
  return found[1](letter);
}

/**
 * INSERT of a row of the tenant; `letter` keeps texts of two tenants apart, `fields` stand in for or
 * beside the sample values.
 */
export function insertRow(
  table: ProbedTable,
  tenantId: string,
  letter: string,
  fields: Readonly<Record<string, string | null>> = {},
) {
  const { name, tenantColumn, columns } = table;
  const samples = columns.map(
    ({ name: column, type, listed }) => [column, listed ?? sample(type, letter)] as const,
  );
  const row = { ...Object.fromEntries(samples), ...fields, [tenantColumn]: tenantId };
  const names = Object.keys(row);
  const marks = names.map((_name, index) => `$${index + 1}`).join(', ');
  const text = `INSERT INTO ${name} (${names.join(', ')}) VALUES (${marks})`;
  return { text, values: Object.values(row) };
}
