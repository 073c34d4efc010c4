import { openDatabase } from '@penguinmails/database';
import {
  catalogFindings,
  catalogRules,
  createTierDatabase,
  isolationLeaks,
  seedForProbes,
  type TierDatabase,
  type TierName,
  withAdmin,
} from '@penguinmails/testing/tenancy';
import { interleaveWrites } from './interleaved-writes.ts';
import {
  tenantIds,
  interleaveWithoutPolicies,
  interleaveWithSessionTenant,
  type ReadableTable,
} from './interleaved.ts';

/** A fault that the battery must notice, and the signs of it that it gave. */
export interface Mutant {
  name: string;
  signs: number;
}

const OWN = "tenant_id = current_setting('app.current_tenant_id')::uuid";

type Fault = (tier: TierName, table: string) => string;

const policy =
  (using: string, check: string): Fault =>
  (tier, table) =>
    `DROP POLICY tenant_isolation ON ${table};
   CREATE POLICY tenant_isolation ON ${table} FOR ALL TO ${tier}_app, ${tier}_ro
   USING (${using}) WITH CHECK (${check})`;

/** Faults of the schema, by what is to notice them. */
const schemaFaults: readonly [string, 'catalog' | 'probes', Fault][] = [
  ['FORCE off', 'catalog', (_tier, table) => `ALTER TABLE ${table} NO FORCE ROW LEVEL SECURITY`],
  ['CHECK dropped', 'probes', policy(OWN, 'true')],
  ['USING (true)', 'probes', policy('true', OWN)],
  [
    'table owned by the login',
    'probes',
    (tier, table) => `ALTER TABLE ${table} OWNER TO ${tier}_app`,
  ],
  [
    'texts of other sessions readable',
    'probes',
    (tier) =>
      `GRANT SELECT ON pg_stat_activity TO ${tier}_app;
       GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO ${tier}_app`,
  ],
  [
    'a trigger function that notifies',
    'probes',
    () =>
      `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
       $f$ BEGIN PERFORM pg_notify('told', NEW::text); RETURN NEW; END $f$`,
  ],
];

async function inDatabase<T>(
  tier: TierName,
  work: (database: TierDatabase) => Promise<T>,
): Promise<T> {
  const database = await createTierDatabase(tier);
  try {
    return await work(database);
  } finally {
    await database.drop();
  }
}

const inflict = (database: TierDatabase, fault: string): Promise<unknown> =>
  withAdmin(database.adminUrl, (admin) => admin.query(fault));

/** A table that the app may read and fill: faults of others would not be reached by its attacks. */
async function anyTable(tier: TierName, database: TierDatabase): Promise<string> {
  const { rows } = await withAdmin(database.adminUrl, (admin) =>
    admin.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_policies
       WHERE policyname = 'tenant_isolation' AND qual LIKE '(tenant_id =%'
         AND has_table_privilege($1, tablename, 'SELECT')
         AND has_table_privilege($1, tablename, 'INSERT') ORDER BY 1 LIMIT 1`,
      [`${tier}_app`],
    ),
  );
  if (!rows[0]) throw new Error(`no table of ${tier} is the app's to read and fill`);
  return rows[0].name;
}

/** Each fault in a database of its own; the probes look at the damaged table only. */
export async function schemaMutants(tier: TierName): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const [name, noticedBy, fault] of schemaFaults) {
    const signs = await inDatabase(tier, async (database) => {
      const { tables } = await seedForProbes(database);
      const table = await anyTable(tier, database);
      await inflict(database, fault(tier, table));
      if (noticedBy === 'catalog') {
        return (await catalogFindings(catalogRules, tier, database)).length;
      }
      const damaged = tables.filter(({ name }) => name === table);
      return (await isolationLeaks(tier, database, { tables: damaged, references: [] })).length;
    });
    mutants.push({ name, signs });
  }
  return mutants;
}

/** A service whose login owns a table does not start. */
export async function ownerLogin(tier: TierName): Promise<Mutant> {
  const signs = await inDatabase(tier, async (database) => {
    const table = await anyTable(tier, database);
    await inflict(database, `ALTER TABLE ${table} OWNER TO ${tier}_app`);
    const pool = { max: 1, idleTimeoutMillis: 1_000, connectionTimeoutMillis: 60_000 };
    const opened = openDatabase({
      tier,
      app: { url: database.appUrl, ...pool },
      system: { url: database.systemUrl, ...pool },
      pooled: false,
    });
    const refused = await opened.assertLogins().then(
      () => false,
      (error: Error) => error.name === 'UnsafeLogin',
    );
    await opened.close();
    return refused ? 1 : 0;
  });
  return { name: 'owner login', signs };
}

/** One write in a hundred is done for the first tenant. */
const tenantOfAnother = (tenant: string, pick: number): string =>
  pick % 100 === 0 ? (tenantIds[0] ?? '') : tenant;

/**
 * A tenant set for the session, and the filter removed where no policy helps: the interleaving must
 * see foreign rows. With the filter in place it must see none, even without policies.
 */
export async function codeMutants(
  tier: TierName,
  database: TierDatabase,
  tables: readonly ReadableTable[],
  operations: number,
): Promise<{ mutants: Mutant[]; filterAlone: number }> {
  const session = await interleaveWithSessionTenant(database.appUrl, tables, operations);
  const bypass = database.migratorUrl;
  const filter = await interleaveWithoutPolicies(bypass, tables, operations, true);
  const none = await interleaveWithoutPolicies(bypass, tables, operations, false);
  const lost = await interleaveWrites(
    { tier, database, appUrl: database.appUrl, pooled: false, confuse: tenantOfAnother },
    operations,
  );
  const mutants = [
    { name: 'a write under the tenant of another', signs: lost.wrong },
    { name: 'session-level SET', signs: session.wrong },
    { name: 'filter removed', signs: none.wrong },
  ];
  return { mutants, filterAlone: filter.wrong };
}
