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
import {
  interleaveWithoutPolicies,
  interleaveWithSessionTenant,
  type ReadableTable,
} from './interleaved.ts';

/** A fault that the battery must notice, and the signs of it that it gave. */
export interface Mutant {
  name: string;
  signs: number;
}

/** The table that every tier has. */
const TABLE = 'outbox';
const OWN = "tenant_id = current_setting('app.current_tenant_id')::uuid";

const policy = (tier: TierName, using: string, check: string): string =>
  `DROP POLICY tenant_isolation ON ${TABLE};
   CREATE POLICY tenant_isolation ON ${TABLE} FOR ALL TO ${tier}_app, ${tier}_ro
   USING (${using}) WITH CHECK (${check})`;

/** Faults of the schema, by what is to notice them. */
const schemaFaults: readonly [string, 'catalog' | 'probes', (tier: TierName) => string][] = [
  ['FORCE off', 'catalog', () => `ALTER TABLE ${TABLE} NO FORCE ROW LEVEL SECURITY`],
  ['CHECK dropped', 'probes', (tier) => policy(tier, OWN, 'true')],
  ['USING (true)', 'probes', (tier) => policy(tier, 'true', OWN)],
  ['table owned by the login', 'probes', (tier) => `ALTER TABLE ${TABLE} OWNER TO ${tier}_app`],
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

/** Each fault in a database of its own; the probes look at the damaged table only. */
export async function schemaMutants(tier: TierName): Promise<Mutant[]> {
  const mutants: Mutant[] = [];
  for (const [name, noticedBy, fault] of schemaFaults) {
    const signs = await inDatabase(tier, async (database) => {
      const { tables } = await seedForProbes(database);
      await inflict(database, fault(tier));
      if (noticedBy === 'catalog') {
        return (await catalogFindings(catalogRules, tier, database)).length;
      }
      const damaged = tables.filter((table) => table.name === TABLE);
      return (await isolationLeaks(tier, database, { tables: damaged, references: [] })).length;
    });
    mutants.push({ name, signs });
  }
  return mutants;
}

/** A service whose login owns a table does not start. */
export async function ownerLogin(tier: TierName): Promise<Mutant> {
  const signs = await inDatabase(tier, async (database) => {
    await inflict(database, `ALTER TABLE ${TABLE} OWNER TO ${tier}_app`);
    const pool = { max: 1, idleTimeoutMillis: 1_000, connectionTimeoutMillis: 5_000 };
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

/**
 * A tenant set for the session, and the filter removed where no policy helps: the interleaving must
 * see foreign rows. With the filter in place it must see none, even without policies.
 */
export async function codeMutants(
  database: TierDatabase,
  tables: readonly ReadableTable[],
  operations: number,
): Promise<{ mutants: Mutant[]; filterAlone: number }> {
  const session = await interleaveWithSessionTenant(database.appUrl, tables, operations);
  const bypass = database.migratorUrl;
  const filter = await interleaveWithoutPolicies(bypass, tables, operations, true);
  const none = await interleaveWithoutPolicies(bypass, tables, operations, false);
  const mutants = [
    { name: 'session-level SET', signs: session.wrong },
    { name: 'filter removed', signs: none.wrong },
  ];
  return { mutants, filterAlone: filter.wrong };
}
