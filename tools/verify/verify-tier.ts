import {
  createTierDatabase,
  isolationLeaks,
  seedForProbes,
  type Leak,
  type TierDatabase,
  type TierName,
} from '@penguinmails/testing/tenancy';
import {
  type Interleaving,
  interleaveThroughLibrary,
  type ReadableTable,
  seedTenants,
} from './interleaved.ts';
import { codeMutants, type Mutant, ownerLogin, schemaMutants } from './mutants.ts';
import { startPooler } from './pooler.ts';

export interface TierReport {
  tier: TierName;
  tables: number;
  leaks: Leak[];
  direct: Interleaving;
  /** Undefined without a pgbouncer on PATH. */
  pooled: Interleaving | undefined;
  /** Wrong rows with the filter alone, past row level security. */
  filterAlone: number;
  mutants: Mutant[];
  survivors: string[];
}

/** Operations of one tier, for each way to the database. */
export interface Volume {
  operations: number;
  mutantOperations: number;
}

async function throughPooler(
  tier: TierName,
  database: TierDatabase,
  tables: readonly ReadableTable[],
  operations: number,
): Promise<Interleaving | undefined> {
  const pooler = await startPooler([database.appUrl]);
  if (!pooler) return undefined;
  try {
    const url = pooler.through(database.appUrl);
    return await interleaveThroughLibrary(tier, database, url, true, tables, operations);
  } finally {
    await pooler.stop();
  }
}

/** The whole battery on one tier, in databases of its own. */
export async function verifyTier(tier: TierName, volume: Volume): Promise<TierReport> {
  const database = await createTierDatabase(tier);
  try {
    const seeded = await seedForProbes(database);
    const leaks = await isolationLeaks(tier, database, seeded);
    const tables = await seedTenants(tier, database, seeded.tables);
    const { operations, mutantOperations } = volume;
    const { appUrl } = database;
    const direct = await interleaveThroughLibrary(
      tier,
      database,
      appUrl,
      false,
      tables,
      operations,
    );
    const pooled = await throughPooler(tier, database, tables, operations);
    const code = await codeMutants(database, tables, mutantOperations);
    const mutants = [...(await schemaMutants(tier)), await ownerLogin(tier), ...code.mutants];
    const survivors = mutants.filter(({ signs }) => signs === 0).map(({ name }) => name);
    const { filterAlone } = code;
    const counted = seeded.tables.length;
    return { tier, tables: counted, leaks, direct, pooled, filterAlone, mutants, survivors };
  } finally {
    await database.drop();
  }
}

/** Whatever must not be: leaks of probes and wrong rows of interleavings. */
export function leaksOf({ leaks, direct, pooled, filterAlone }: TierReport): number {
  return leaks.length + direct.wrong + (pooled?.wrong ?? 0) + filterAlone;
}
