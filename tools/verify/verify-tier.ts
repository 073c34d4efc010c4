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
import { errorLeaks } from './error-values.ts';
import { interleaveWrites, type WrittenInterleaving } from './interleaved-writes.ts';
import { codeMutants, type Mutant, ownerLogin, schemaMutants } from './mutants.ts';
import { startPooler } from './pooler.ts';

export interface TierReport {
  tier: TierName;
  tables: number;
  /** Statements that failed with values at hand; none of their errors may quote one. */
  failures: number;
  leaks: Leak[];
  direct: Interleaving;
  /** Undefined without a pgbouncer on PATH. */
  pooled: Interleaving | undefined;
  writes: WrittenInterleaving;
  pooledWrites: WrittenInterleaving | undefined;
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

interface Interleavings {
  reads: Interleaving;
  writes: WrittenInterleaving;
}

/** Half of the operations read, half write. */
async function interleaveBoth(
  tier: TierName,
  database: TierDatabase,
  { url: appUrl, pooled }: { url: string; pooled: boolean },
  tables: readonly ReadableTable[],
  operations: number,
): Promise<Interleavings> {
  const half = Math.ceil(operations / 2);
  const reads = await interleaveThroughLibrary(tier, database, appUrl, pooled, tables, half);
  const writes = await interleaveWrites({ tier, database, appUrl, pooled }, half);
  return { reads, writes };
}

async function throughPooler(
  tier: TierName,
  database: TierDatabase,
  tables: readonly ReadableTable[],
  operations: number,
): Promise<Partial<Interleavings>> {
  const pooler = await startPooler([database.appUrl]);
  if (!pooler) return {};
  try {
    const way = { url: pooler.through(database.appUrl), pooled: true };
    return await interleaveBoth(tier, database, way, tables, operations);
  } finally {
    await pooler.stop();
  }
}

/** The whole battery on one tier, in databases of its own. */
export async function verifyTier(tier: TierName, volume: Volume): Promise<TierReport> {
  const database = await createTierDatabase(tier);
  try {
    const seeded = await seedForProbes(database);
    const probed = await isolationLeaks(tier, database, seeded);
    const errors = await errorLeaks(tier, database, seeded.tables);
    const leaks = [...probed, ...errors.leaks];
    const tables = await seedTenants(tier, database, seeded.tables);
    const { operations, mutantOperations } = volume;
    const way = { url: database.appUrl, pooled: false };
    const { reads: direct, writes } = await interleaveBoth(tier, database, way, tables, operations);
    const through = await throughPooler(tier, database, tables, operations);
    const code = await codeMutants(tier, database, tables, mutantOperations);
    const mutants = [...(await schemaMutants(tier)), await ownerLogin(tier), ...code.mutants];
    const survivors = mutants.filter(({ signs }) => signs === 0).map(({ name }) => name);
    return {
      tier,
      tables: seeded.tables.length,
      failures: errors.failures,
      leaks,
      direct,
      pooled: through.reads,
      writes,
      pooledWrites: through.writes,
      filterAlone: code.filterAlone,
      mutants,
      survivors,
    };
  } finally {
    await database.drop();
  }
}

/** Whatever must not be: leaks of probes and wrong rows of interleavings. */
export function leaksOf(report: TierReport): number {
  const { leaks, direct, pooled, writes, pooledWrites, filterAlone } = report;
  const wrong = [direct, pooled, writes, pooledWrites].map((seen) => seen?.wrong ?? 0);
  return leaks.length + wrong.reduce((sum, one) => sum + one, filterAlone);
}
