import type pg from 'pg';
import { type Attempt, B, C, mustBeRefused, type Outcome, show } from './attempt.js';
import { insertRow, type ProbedTable } from './dummy-rows.js';
import { keyExceptions } from './catalog-findings.js';
import type { Leak } from './leak.js';

/** A unique index of a table of tenants, whether or not it starts with the tenant. */
interface UniqueKey {
  readonly table: string;
  readonly index: string;
  readonly primary: boolean;
  /** May be named in ON CONFLICT by its columns alone. */
  readonly whole: boolean;
  readonly columns: string[];
}

const UNIQUE_KEYS = `
SELECT c.relname AS table, x.relname AS index, i.indisprimary AS primary, i.indpred IS NULL AS whole,
  array_agg(a.attname::text ORDER BY k.position) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
  CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k (attnum, position)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indisunique AND c.relname = ANY ($1) AND c.relnamespace = 'public'::regnamespace
  AND i.indexprs IS NULL AND k.position <= i.indnkeyatts
  AND NOT c.relname || '.' || x.relname = ANY ($2)
GROUP BY c.relname, x.relname, i.indisprimary, i.indpred IS NULL
HAVING bool_and(a.attidentity = '')
ORDER BY 1, 2`;

/** The INSERT of a row of C with B's values in the key. */
async function copiedKey(admin: pg.Client, table: ProbedTable, { columns }: UniqueKey) {
  const list = columns.map((column) => `${column}::text`).join(', ');
  const { rows } = await admin.query<Record<string, string | null>>(
    `SELECT ${list} FROM ${table.name} WHERE ${table.tenantColumn} = $1`,
    [B],
  );
  return insertRow(table, C, 'c', rows[0]);
}

function mustInsertOne(outcome: Outcome, mayWrite: boolean): string | undefined {
  if ('refused' in outcome && !mayWrite) return mustBeRefused(outcome);
  return 'count' in outcome && outcome.count === 1 ? undefined : show(outcome);
}

/** 42501 is what a policy says, too: only who lacks the right may be refused with it. */
async function mayWrite(table: ProbedTable, attempt: Attempt): Promise<Record<string, unknown>> {
  const rights = `SELECT has_table_privilege($1, 'INSERT') AS insert,
    has_table_privilege($1, 'INSERT') AND has_table_privilege($1, 'UPDATE') AS upsert`;
  const outcome = await attempt(C, rights, [table.name]);
  return ('rows' in outcome && outcome.rows[0]) || {};
}

async function tryKey(
  admin: pg.Client,
  table: ProbedTable,
  key: UniqueKey,
  attempt: Attempt,
): Promise<Leak[]> {
  const { text, values } = await copiedKey(admin, table, key);
  const target = key.columns.join(', ');
  const update = `ON CONFLICT (${target}) DO UPDATE SET ${table.tenantColumn} = excluded.${table.tenantColumn}`;
  const { insert, upsert } = await mayWrite(table, attempt);
  const attacks: [number, string, boolean][] = [
    [key.primary ? 13 : 12, text, insert === true],
    [14, `${text} ON CONFLICT DO NOTHING`, insert === true],
    ...(key.whole ? [[15, `${text} ${update}`, upsert === true] as [number, string, boolean]] : []),
  ];
  const leaks: Leak[] = [];
  for (const [probe, attack, may] of attacks) {
    const seen = mustInsertOne(await attempt(C, attack, values), may);
    if (seen) leaks.push({ probe, what: `${key.index}: ${seen}` });
  }
  return leaks;
}

/** Probes 12-15: a tenant can take any key of another one, and learns nothing by it. */
export async function keyLeaks(
  admin: pg.Client,
  tables: readonly ProbedTable[],
  attempt: Attempt,
): Promise<Leak[]> {
  const names = tables.map(({ name }) => name);
  const { rows: keys } = await admin.query<UniqueKey>(UNIQUE_KEYS, [names, keyExceptions]);
  const leaks: Leak[] = [];
  for (const key of keys) {
    const table = tables.find(({ name }) => name === key.table);
    const others = key.columns.filter((column) => column !== table?.tenantColumn);
    if (table && others.length > 0) leaks.push(...(await tryKey(admin, table, key, attempt)));
  }
  return leaks;
}

/** A foreign key between tables of tenants, as it was before `loosenConstraints`. */
export interface TenantReference {
  readonly name: string;
  readonly child: string;
  readonly parent: string;
  readonly definition: string;
  readonly columns: string[];
  readonly parentColumns: string[];
}

const REFERENCES = `
SELECT k.conname AS name, c.relname AS child, p.relname AS parent,
  pg_get_constraintdef(k.oid) AS definition,
  (SELECT array_agg(attname::text ORDER BY n) FROM unnest(k.conkey) WITH ORDINALITY u (num, n)
     JOIN pg_attribute ON attrelid = k.conrelid AND attnum = num) AS columns,
  (SELECT array_agg(attname::text ORDER BY n) FROM unnest(k.confkey) WITH ORDINALITY u (num, n)
     JOIN pg_attribute ON attrelid = k.confrelid AND attnum = num) AS "parentColumns"
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.conparentid = 0
  AND NOT c.relispartition AND p.relname NOT IN (SELECT name FROM platform_tables)
ORDER BY 1`;

export async function readReferences(admin: pg.Client): Promise<TenantReference[]> {
  return (await admin.query<TenantReference>(REFERENCES)).rows;
}

/** A row of A that points at B's parent row; undefined when B has none. */
async function pointAtB(
  admin: pg.Client,
  table: ProbedTable,
  tenant: string,
  { parent, columns, parentColumns }: TenantReference,
  parentKey: string,
) {
  const list = parentColumns.map((column) => `${column}::text`).join(', ');
  const { rows } = await admin.query<Record<string, string>>(
    `SELECT ${list} FROM ${parent} WHERE ${parentKey} = $1`,
    [B],
  );
  const pairs = columns.map((column, n) => [column, rows[0]?.[parentColumns[n] ?? ''] ?? null]);
  const fields = Object.fromEntries(pairs) as Record<string, string | null>;
  return insertRow(table, tenant, 'c', fields);
}

/** A parent that consists of its tenant only cannot be pointed at from another tenant. */
const pointsAtTenantOnly = ({ columns }: TenantReference, { tenantColumn }: ProbedTable) =>
  columns.every((column) => column === tenantColumn);

/** Probe 11: no foreign key reaches another tenant's row. Run last: it puts the keys back. */
export async function referenceLeaks(
  admin: pg.Client,
  tables: readonly ProbedTable[],
  references: readonly TenantReference[],
  attempt: Attempt,
): Promise<Leak[]> {
  const leaks: Leak[] = [];
  const tableOf = (wanted: string) => tables.find(({ name }) => name === wanted);
  for (const reference of references) {
    const [table, parent] = [tableOf(reference.child), tableOf(reference.parent)];
    if (!table || !parent || pointsAtTenantOnly(reference, table)) continue;
    const { name, child, definition } = reference;
    const { text, values } = await pointAtB(admin, table, C, reference, parent.tenantColumn);
    await admin.query(`ALTER TABLE ${child} ADD CONSTRAINT ${name} ${definition} NOT VALID`);
    const seen = mustBeRefused(await attempt(C, text, values), '23503');
    await admin.query(`ALTER TABLE ${child} DROP CONSTRAINT ${name}`);
    if (seen) leaks.push({ probe: 11, what: `${name}: ${seen}` });
  }
  return leaks;
}
