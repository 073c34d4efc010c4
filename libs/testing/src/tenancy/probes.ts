import type pg from 'pg';
import { insertRow, type ProbedTable } from './dummy-rows.js';

export const A = '01990000-0000-7000-8000-00000000000a';
export const B = '01990000-0000-7000-8000-00000000000b';

/** What a statement came to: rows, or the SQLSTATE of its refusal. */
export type Outcome =
  | { readonly rows: Record<string, unknown>[]; readonly count: number }
  | { readonly refused: string };

/** Sends one statement under a tenant (undefined: none set) in a transaction that is undone. */
export type Attempt = (
  tenant: string | undefined,
  text: string,
  values?: unknown[],
) => Promise<Outcome>;

/** One attack on one table; undefined when it failed as it must, else what was seen. */
export interface TableProbe {
  /** Number in reference/tenancy.md, section 7. */
  readonly number: number;
  readonly name: string;
  run(table: ProbedTable, attempt: Attempt): Promise<string | undefined>;
}

export async function attemptIn(
  client: pg.Client,
  tenant: string | undefined,
  text: string,
  values: unknown[] = [],
): Promise<Outcome> {
  await client.query('BEGIN');
  try {
    if (tenant !== undefined) {
      await client.query("SELECT set_config('app.current_tenant_id', $1, true)", [tenant]);
    }
    const { rows, rowCount } = await client.query(text, values);
    return { rows, count: rowCount ?? 0 };
  } catch (error) {
    return { refused: String((error as { code?: unknown }).code) };
  } finally {
    await client.query('ROLLBACK');
  }
}

function show(outcome: Outcome): string {
  return 'refused' in outcome ? `refused with ${outcome.refused}` : `${outcome.count} rows`;
}

/** 42501 stands for "no such right" too: some tables are not the app's to read or change. */
function mustBeRefused(outcome: Outcome, ...codes: string[]): string | undefined {
  const asItMust = 'refused' in outcome && ['42501', ...codes].includes(outcome.refused);
  return asItMust ? undefined : show(outcome);
}

function mustTouchNothing(outcome: Outcome): string | undefined {
  return 'refused' in outcome ? mustBeRefused(outcome) : outcome.count ? show(outcome) : undefined;
}

/** Rows of A and of nobody else, and A's own: a probe over no rows proves nothing. */
function mustShowOnlyA(outcome: Outcome, tenantColumn: string): string | undefined {
  if ('refused' in outcome) return mustBeRefused(outcome);
  const foreign = outcome.rows.filter((row) => row[tenantColumn] !== A).length;
  if (foreign > 0) return `${foreign} foreign rows`;
  return outcome.count === 0 ? 'not even its own rows' : undefined;
}

const read = (number: number, name: string, tenant: string | undefined): TableProbe => ({
  number,
  name,
  // 42704 before the session's first tenant, 22P02 after it: the setting comes back as ''.
  run: async (table, attempt) =>
    mustBeRefused(await attempt(tenant, `SELECT FROM ${table.name}`), '42704', '22P02'),
});

export const tableProbes: readonly TableProbe[] = [
  read(1, 'no tenant: SELECT is an error', undefined),
  read(2, 'an emptied tenant: SELECT is an error', ''),
  read(3, 'a malformed tenant: SELECT is an error', 'x'),
  {
    number: 4,
    name: 'SELECT * shows own rows only',
    run: async ({ name, tenantColumn }, attempt) =>
      mustShowOnlyA(await attempt(A, `SELECT * FROM ${name}`), tenantColumn),
  },
  {
    number: 5,
    name: 'rows of another tenant are not found',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(await attempt(A, `SELECT FROM ${name} WHERE ${tenantColumn} = $1`, [B])),
  },
  {
    number: 6,
    name: 'OR true shows own rows only',
    run: async ({ name, tenantColumn }, attempt) =>
      mustShowOnlyA(
        await attempt(A, `SELECT * FROM ${name} WHERE ${tenantColumn} = $1 OR true`, [B]),
        tenantColumn,
      ),
  },
  {
    number: 7,
    name: 'UPDATE changes no row of another tenant',
    run: async ({ name, tenantColumn: key }, attempt) =>
      mustTouchNothing(
        await attempt(A, `UPDATE ${name} SET ${key} = ${key} WHERE ${key} = $1`, [B]),
      ),
  },
  {
    number: 8,
    name: 'DELETE removes no row of another tenant',
    run: async ({ name, tenantColumn }, attempt) =>
      mustTouchNothing(await attempt(A, `DELETE FROM ${name} WHERE ${tenantColumn} = $1`, [B])),
  },
  {
    number: 9,
    name: 'INSERT for another tenant is refused',
    run: async (table, attempt) => {
      const { text, values } = insertRow(table, B, 'c');
      return mustBeRefused(await attempt(A, text, values));
    },
  },
  {
    number: 10,
    name: 'UPDATE to another tenant is refused',
    run: async ({ name, tenantColumn }, attempt) =>
      mustBeRefused(await attempt(A, `UPDATE ${name} SET ${tenantColumn} = $1`, [B])),
  },
  {
    number: 24,
    name: 'TRUNCATE is refused',
    run: async ({ name }, attempt) => mustBeRefused(await attempt(A, `TRUNCATE ${name}`)),
  },
  {
    number: 25,
    name: 'row_security = off is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `SET LOCAL row_security = off; SELECT FROM ${name}`)),
  },
  {
    number: 27,
    name: 'ALTER TABLE is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `ALTER TABLE ${name} DISABLE ROW LEVEL SECURITY`)),
  },
  {
    number: 28,
    name: 'CREATE POLICY is refused',
    run: async ({ name }, attempt) =>
      mustBeRefused(await attempt(A, `CREATE POLICY mine ON ${name} USING (true)`)),
  },
];

/** Attacks that are not about one table. */
export const databaseProbes: readonly { number: number; name: string; text: string }[] = [
  {
    number: 29,
    name: 'CREATE FUNCTION is refused',
    text: 'CREATE FUNCTION leak(uuid) RETURNS boolean COST 0.0000001 LANGUAGE sql RETURN true',
  },
  { number: 30, name: 'CREATE TEMP is refused', text: 'CREATE TEMP TABLE loot (n integer)' },
];

export async function probeDatabase(attempt: Attempt, text: string): Promise<string | undefined> {
  return mustBeRefused(await attempt(A, text));
}
