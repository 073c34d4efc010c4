import pg from 'pg';
import { withAdmin } from '../admin-connection.js';
import type { TierDatabase, TierName } from '../tier-database.js';
import { A, type Attempt, attemptIn, B } from './attempt.js';
import { channelProbes } from './channel-probes.js';
import { insertRow, loosenConstraints, type ProbedTable, readProbedTables } from './dummy-rows.js';
import { keyLeaks, readReferences, referenceLeaks, type TenantReference } from './key-probes.js';
import type { Leak } from './leak.js';
import { objectProbes } from './object-probes.js';
import { tableProbes } from './probes.js';
import { sessionProbes } from './session-probes.js';

export type { Leak } from './leak.js';

/** What `seedForProbes` found and filled. */
export interface SeededTables {
  readonly tables: readonly ProbedTable[];
  readonly references: readonly TenantReference[];
}

/** Gives each table of tenants one row of A and one of B; the database is of no other use then. */
export async function seedForProbes(database: TierDatabase): Promise<SeededTables> {
  return withAdmin(database.adminUrl, async (admin) => {
    const references = await readReferences(admin);
    await loosenConstraints(admin);
    const tables = await readProbedTables(admin);
    for (const table of tables) {
      for (const [tenant, letter] of [[A, 'a'] as const, [B, 'b'] as const]) {
        const { text, values } = insertRow(table, tenant, letter);
        await admin.query(text, values);
      }
    }
    await admin.query('ANALYZE');
    return { tables, references };
  });
}

async function probeTables(tables: readonly ProbedTable[], attempt: Attempt): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const table of tables) {
    for (const probe of [...tableProbes, ...channelProbes]) {
      const seen = await probe.run(table, attempt);
      if (seen) leaks.push({ probe: probe.number, what: `${table.name}: ${seen}` });
    }
  }
  return leaks;
}

async function probeObjects(admin: pg.Client, role: string, attempt: Attempt): Promise<Leak[]> {
  const leaks: Leak[] = [];
  for (const probe of objectProbes) {
    const { rows } = await admin.query<{ name: string }>(probe.objects, [role]);
    for (const { name } of rows) {
      const seen = await probe.attack(name, attempt);
      if (seen) leaks.push({ probe: probe.number, what: `${name}: ${seen}` });
    }
  }
  return leaks;
}

/** A table that the app may read: attacks on the session need rows to be seen. */
async function probeSession(
  admin: pg.Client,
  role: string,
  appUrl: string,
  tables: readonly ProbedTable[],
): Promise<Leak[]> {
  const { rows } = await admin.query<{ name: string }>(
    `SELECT name FROM unnest($2::text[]) AS name WHERE has_table_privilege($1, name, 'SELECT')`,
    [role, tables.map(({ name }) => name)],
  );
  const table = tables.find(({ name }) => name === rows[0]?.name);
  if (!table) return [];
  const leaks: Leak[] = [];
  for (const probe of sessionProbes) {
    const seen = await probe.run({ appUrl, admin, table });
    if (seen) leaks.push({ probe: probe.number, what: `${table.name}: ${seen}` });
  }
  return leaks;
}

/** Runs the probes of reference/tenancy.md section 7 that the catalog can generate, as the app. */
export async function isolationLeaks(
  tier: TierName,
  database: TierDatabase,
  { tables, references }: SeededTables,
): Promise<Leak[]> {
  const client = new pg.Client({ connectionString: database.appUrl });
  const attempt: Attempt = (tenant, text, values) => attemptIn(client, tenant, text, values);
  await client.connect();
  try {
    return await withAdmin(database.adminUrl, async (admin) => [
      ...(await probeTables(tables, attempt)),
      ...(await probeObjects(admin, `${tier}_app`, attempt)),
      ...(await probeSession(admin, `${tier}_app`, database.appUrl, tables)),
      ...(await keyLeaks(admin, tables, attempt)),
      ...(await referenceLeaks(admin, tables, references, attempt)),
    ]);
  } finally {
    await client.end();
  }
}
