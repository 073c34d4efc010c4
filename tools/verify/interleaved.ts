import pg from 'pg';
import { openDatabase, sqlState, type TenantDatabase, underTenants } from '@penguinmails/database';
import {
  insertRow,
  type ProbedTable,
  type TierDatabase,
  type TierName,
  withAdmin,
} from '@penguinmails/testing/tenancy';

const TENANTS = 50;
export const CONNECTIONS = 4;
/** More callers than connections: each connection passes from tenant to tenant. */
const CALLERS = 16;

export const tenantIds = Array.from(
  { length: TENANTS },
  (_, index) => `01990000-0000-7000-9000-${String(index).padStart(12, '0')}`,
);

/** A table that the app may read, with a row of each tenant. */
export type ReadableTable = ProbedTable;

/**
 * Runs one operation for a tenant and gives the tenants whose rows it came to see; undefined when
 * it failed as it was meant to.
 */
export type Operation = (
  tenant: string,
  table: ReadableTable,
  pick: number,
) => Promise<string[] | undefined>;

/** A row of each of the 50 tenants in each table that the app may read. Constraints are loose. */
export async function seedTenants(
  tier: TierName,
  database: TierDatabase,
  tables: readonly ProbedTable[],
): Promise<ReadableTable[]> {
  return withAdmin(database.adminUrl, async (admin) => {
    const readable: ReadableTable[] = [];
    for (const table of tables) {
      const { rows } = await admin.query<{ may: boolean }>(
        'SELECT has_table_privilege($1, $2, $3) AS may',
        [`${tier}_app`, table.name, 'SELECT'],
      );
      if (!rows[0]?.may) continue;
      readable.push(table);
      for (const [index, tenant] of tenantIds.entries()) {
        const { text, values } = insertRow(table, tenant, (index + 36).toString(36));
        await admin.query(text, values);
      }
    }
    return readable;
  });
}

const select = ({ name, tenantColumn }: ReadableTable): string =>
  `SELECT ${tenantColumn} AS own FROM ${name}`;

interface Row {
  own: string;
}

const ownersOf = (rows: readonly Row[]): string[] => rows.map(({ own }) => own);

/** Some operations fail by design: the connection that they leave behind is the next tenant's. */
async function failing(work: Promise<unknown>): Promise<undefined> {
  try {
    await work;
  } catch (error) {
    if (sqlState(error) === '22012') return undefined;
    throw error;
  }
  throw new Error('a division by zero has a result');
}

/** The library's ways to a tenant's rows, all without a filter: row level security stands alone. */
export function operationsOf(tenants: TenantDatabase): Operation {
  return async (tenant, table, pick) => {
    const text = select(table);
    if (pick % 10 === 0) return failing(tenants.once(tenant, (tx) => tx.query('SELECT 1/0')));
    if (pick % 10 === 1) {
      return failing(
        tenants.transaction(tenant, async (tx) => {
          await tx.query(text);
          await tx.query('SELECT 1/0');
        }),
      );
    }
    if (pick % 10 === 2) return ownersByRow(tenants, tenant, table);
    if (pick % 3 === 0) {
      const name = `interleaved ${table.name}`;
      return tenants.once(tenant, async (tx) =>
        ownersOf((await tx.query<Row>(text, [], { name })).rows),
      );
    }
    if (pick % 3 === 1) {
      return tenants.once(tenant, async (tx) => ownersOf((await tx.query<Row>(text)).rows));
    }
    return tenants.transaction(tenant, async (tx) => ownersOf((await tx.query<Row>(text)).rows));
  };
}

/**
 * Reads for the tenant between two others in one statement, each row under its own tenant. A row of
 * another than its place's is foreign whoever's it is, and a place without a row is one too few.
 */
async function ownersByRow(
  tenants: TenantDatabase,
  tenant: string,
  { name, tenantColumn }: ReadableTable,
): Promise<string[]> {
  const at = tenantIds.indexOf(tenant);
  const list = [tenantIds.at(at - 1) ?? '', tenant, tenantIds.at(at + 1 - TENANTS) ?? ''];
  const places = '(SELECT n - 1 AS n FROM generate_series(1, cardinality($1::uuid[])) AS n)';
  const { rows } = await tenants.rowByRow(list, (tx) =>
    tx.query<Row & { n: number }>(
      `SELECT q.n, x.own FROM ${underTenants(places, 'n')} AS q CROSS JOIN LATERAL (
         SELECT ${tenantColumn} AS own FROM ${name} WHERE q.own_tenant IS NOT NULL OFFSET 0) AS x`,
    ),
  );
  if (new Set(rows.map(({ n }) => n)).size < list.length) return [];
  return rows.map(({ n, own }) => (own === list[n] ? tenant : `foreign ${own}`));
}

export interface Interleaving {
  operations: number;
  rows: number;
  /** Rows of another tenant, and operations that did not see their own row. */
  wrong: number;
}

const SEED = 7;
const PICKS = 1_000;

/** Calls `operation` for tenants at random, many at a time. The same seed picks the same ones. */
export async function runInTurns(
  operations: number,
  operation: (tenant: string, pick: number, random: (below: number) => number) => Promise<void>,
): Promise<void> {
  let [state, begun] = [SEED, 0];
  const random = (below: number): number => (state = (state * 48_271) % 2_147_483_647) % below;
  const caller = async (): Promise<void> => {
    while (begun < operations) {
      begun += 1;
      await operation(tenantIds[random(TENANTS)] ?? '', random(PICKS), random);
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, caller));
}

/** Runs the reading operations of all tenants in turn. */
export async function interleave(
  tables: readonly ReadableTable[],
  operations: number,
  operation: Operation,
): Promise<Interleaving> {
  const seen: Interleaving = { operations, rows: 0, wrong: 0 };
  await runInTurns(operations, async (tenant, pick, random) => {
    const table = tables[random(tables.length)];
    if (!table) throw new Error('no table to read');
    const owners = await operation(tenant, table, pick);
    if (!owners) return;
    seen.rows += owners.length;
    seen.wrong += owners.filter((own) => own !== tenant).length + (owners.length === 0 ? 1 : 0);
  });
  return seen;
}

/** The interleaving through the library, on few connections. */
export async function interleaveThroughLibrary(
  tier: TierName,
  database: TierDatabase,
  appUrl: string,
  pooled: boolean,
  tables: readonly ReadableTable[],
  operations: number,
): Promise<Interleaving> {
  const pool = { max: CONNECTIONS, idleTimeoutMillis: 5_000, connectionTimeoutMillis: 60_000 };
  const opened = openDatabase({
    tier,
    app: { url: appUrl, ...pool },
    system: { url: database.systemUrl, ...pool },
    pooled,
  });
  try {
    return await interleave(tables, operations, operationsOf(opened.tenants));
  } finally {
    await opened.close();
  }
}

/** The mutant of AWS's example: the tenant set for the session at one check-out, used at another. */
export async function interleaveWithSessionTenant(
  appUrl: string,
  tables: readonly ReadableTable[],
  operations: number,
): Promise<Interleaving> {
  const pool = new pg.Pool({ connectionString: appUrl, max: CONNECTIONS });
  // A connection without any tenant so far refuses, which is no wrong row.
  const set = (tenant: string) =>
    pool.query("SELECT set_config('app.current_tenant_id', $1, false)", [tenant]);
  await Promise.all(Array.from({ length: CONNECTIONS * 4 }, () => set(tenantIds[0] ?? '')));
  try {
    return await interleave(tables, operations, async (tenant, table) => {
      await set(tenant);
      return ownersOf((await pool.query<Row>(select(table))).rows);
    });
  } finally {
    await pool.end();
  }
}

/** The second lock alone: past row level security, with `tenant_id = $1` or with it removed. */
export async function interleaveWithoutPolicies(
  bypassUrl: string,
  tables: readonly ReadableTable[],
  operations: number,
  filter: boolean,
): Promise<Interleaving> {
  const pool = new pg.Pool({ connectionString: bypassUrl, max: CONNECTIONS });
  try {
    return await interleave(tables, operations, async (tenant, table) => {
      const text = select(table);
      const { rows } = filter
        ? await pool.query<Row>(`${text} WHERE ${table.tenantColumn} = $1`, [tenant])
        : await pool.query<Row>(text);
      return ownersOf(rows);
    });
  } finally {
    await pool.end();
  }
}
