// npm run verify:isolation [-- --operations N]: one JSON line per tier and a total.
import { parseArgs } from 'node:util';
import { tiers } from '../stack/ports.ts';
import { leaksOf, type TierReport, verifyTier } from './verify-tier.ts';
import { withPostgres } from './with-postgres.ts';

const { values } = parseArgs({
  options: {
    /** Interleaved operations of all tiers together, for each way to the database. */
    operations: { type: 'string', default: '100000' },
  },
});

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

async function verifyAll(): Promise<TierReport[]> {
  const operations = Math.ceil(Number(values.operations) / tiers.length);
  const reports: TierReport[] = [];
  for (const tier of tiers) {
    const report = await verifyTier(tier, { operations, mutantOperations: 500 });
    say({ ...report, pooled: report.pooled ?? 'skipped: no pgbouncer on PATH' });
    reports.push(report);
  }
  return reports;
}

/** 0 when nothing leaked and no mutant survived. */
function conclude(reports: readonly TierReport[]): number {
  const leaks = reports.reduce((sum, report) => sum + leaksOf(report), 0);
  const survivors = reports.flatMap(({ tier, survivors }) =>
    survivors.map((name) => `${tier}: ${name}`),
  );
  const sum = (of: (report: TierReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  say({
    tables: sum(({ tables }) => tables),
    operations_direct: sum(({ direct }) => direct.operations),
    operations_pooled: sum(({ pooled }) => pooled?.operations ?? 0),
    skipped: reports.filter(({ pooled }) => !pooled).length,
    mutants: sum(({ mutants }) => mutants.length),
    survivors,
    leaks,
  });
  return leaks === 0 && survivors.length === 0 ? 0 : 1;
}

process.exitCode = conclude(await withPostgres(verifyAll));
