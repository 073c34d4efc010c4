import pg from 'pg';
import { withAdmin } from '../admin-connection.js';
import type { TierDatabase, TierName } from '../tier-database.js';
import { insertRow, loosenConstraints, type ProbedTable, readProbedTables } from './dummy-rows.js';
import {
  A,
  type Attempt,
  attemptIn,
  B,
  databaseProbes,
  probeDatabase,
  tableProbes,
} from './probes.js';

/** A probe that got through. */
export interface Leak {
  readonly probe: number;
  readonly what: string;
}

/** Gives each table of tenants one row of A and one of B; the database is of no other use then. */
export async function seedForProbes(database: TierDatabase): Promise<ProbedTable[]> {
  return withAdmin(database.adminUrl, async (admin) => {
    await loosenConstraints(admin);
    const tables = await readProbedTables(admin);
    for (const table of tables) {
      for (const [tenant, letter] of [[A, 'a'] as const, [B, 'b'] as const]) {
        const { text, values } = insertRow(table, tenant, letter);
        await admin.query(text, values);
      }
    }
    return tables;
  });
}

async function probeTables(tables: readonly ProbedTable[], attempt: Attempt): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const table of tables) {
    for (const probe of tableProbes) {
      const seen = await probe.run(table, attempt);
      if (seen) leaks.push({ probe: probe.number, what: `${table.name}: ${seen}` });
    }
  }
  return leaks;
}

async function probeNames(
  number: number,
  names: readonly string[],
  textOf: (name: string) => string,
  attempt: Attempt,
): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const name of names) {
    const seen = await probeDatabase(attempt, textOf(name));
    if (seen) leaks.push({ probe: number, what: `${name}: ${seen}` });
  }
  return leaks;
}

async function names(database: TierDatabase, text: string): Promise<string[]> {
  return withAdmin(database.adminUrl, async (admin) => {
    const { rows } = await admin.query<{ name: string }>(text);
    return rows.map(({ name }) => name);
  });
}

const PARTITIONS = `SELECT relname AS name FROM pg_class
  WHERE relispartition AND relkind = 'r' AND relnamespace = 'public'::regnamespace`;
const ROLES = 'SELECT quote_ident(rolname) AS name FROM pg_roles WHERE rolname <> $$';

async function probeWith(
  client: pg.Client,
  tier: TierName,
  database: TierDatabase,
  tables: readonly ProbedTable[],
): Promise<Leak[]> {
  const attempt: Attempt = (tenant, text, values) => attemptIn(client, tenant, text, values);
  const partitions = await names(database, PARTITIONS);
  const roles = await names(database, `${ROLES}${tier}_app$$`);
  const leaks = await probeTables(tables, attempt);
  leaks.push(...(await probeNames(20, partitions, (name) => `SELECT FROM ${name}`, attempt)));
  leaks.push(...(await probeNames(26, roles, (name) => `SET LOCAL ROLE ${name}`, attempt)));
  for (const { number, text } of databaseProbes) {
    leaks.push(...(await probeNames(number, [text], (statement) => statement, attempt)));
  }
  return leaks;
}

/** Runs the probes of reference/tenancy.md section 7 that the catalog can generate, as the app. */
export async function isolationLeaks(
  tier: TierName,
  database: TierDatabase,
  tables: readonly ProbedTable[],
): Promise<Leak[]> {
  const client = new pg.Client({ connectionString: database.appUrl });
  await client.connect();
  try {
    return await probeWith(client, tier, database, tables);
  } finally {
    await client.end();
  }
}
