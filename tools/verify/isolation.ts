// npm run verify:isolation [-- --parts sql,rest,kafka --operations N]: JSON lines, exit code 1 on a leak.
import { parseArgs } from 'node:util';
import { tiers } from '../stack/ports.ts';
import { readStackFile } from '../stack/stack-file.ts';
import { startTestStack } from '../test/test-stack.ts';
import { long } from './live/probe.ts';
import { type LiveReport, verifyLive } from './live/verify-live.ts';
import { leaksOf, type TierReport, verifyTier } from './verify-tier.ts';
import { withPostgres } from './with-postgres.ts';

const { values } = parseArgs({
  options: {
    /** Interleaved operations of all tiers together, for each way to the database. */
    operations: { type: 'string', default: '100000' },
    /** Which of sql, rest and kafka. */
    parts: { type: 'string', default: 'sql,rest,kafka' },
    /** `<data-dir>` of a running stack for REST and Kafka; without it one is started. */
    'data-dir': { type: 'string' },
  },
});
const parts = values.parts.split(',');

const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);

interface Verdict {
  leaks: number;
  survivors: string[];
}

async function verifyTiers(): Promise<TierReport[]> {
  const operations = Math.ceil(Number(values.operations) / tiers.length);
  const reports: TierReport[] = [];
  for (const tier of tiers) {
    const report = await verifyTier(tier, { operations, mutantOperations: 500 });
    const skipped = 'skipped: no pgbouncer on PATH';
    const { pooled = skipped, pooledWrites = skipped } = report;
    say({ part: 'sql', ...report, pooled, pooledWrites });
    reports.push(report);
  }
  return reports;
}

async function verifySql(): Promise<Verdict> {
  const reports = await withPostgres(verifyTiers);
  const sum = (of: (report: TierReport) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const survivors = reports.flatMap(({ tier, survivors: names }) =>
    names.map((name) => `${tier}: ${name}`),
  );
  say({
    part: 'sql in all',
    tables: sum(({ tables }) => tables),
    operations_direct: sum(({ direct, writes }) => direct.operations + writes.operations),
    operations_pooled: sum(
      ({ pooled, pooledWrites }) => (pooled?.operations ?? 0) + (pooledWrites?.operations ?? 0),
    ),
    skipped: reports.filter(({ pooled }) => !pooled).length,
    mutants: sum(({ mutants }) => mutants.length),
  });
  return { leaks: sum(leaksOf), survivors };
}

async function verifyAgainst(dataDirectory: string): Promise<Verdict> {
  const stack = readStackFile(dataDirectory);
  if (!stack) throw new Error(`no stack runs from ${dataDirectory}`);
  const wanted = (['rest', 'kafka'] as const).filter((part) => parts.includes(part));
  const reports: LiveReport[] = await verifyLive(stack, wanted, long, say);
  return {
    leaks: reports.reduce((sum, { leaks }) => sum + leaks.length, 0),
    survivors: reports.flatMap(({ survivors }) => survivors),
  };
}

async function verifyRunning(): Promise<Verdict> {
  if (values['data-dir'] !== undefined) return verifyAgainst(values['data-dir']);
  const stack = await startTestStack(['--no-demo'], {});
  try {
    return await verifyAgainst(stack.dataDirectory);
  } finally {
    await stack.stop();
  }
}

/** 0 when nothing leaked and no mutant survived. */
function conclude(verdicts: readonly Verdict[]): number {
  const leaks = verdicts.reduce((sum, verdict) => sum + verdict.leaks, 0);
  const survivors = verdicts.flatMap((verdict) => verdict.survivors);
  say({ parts, leaks, survivors });
  return leaks === 0 && survivors.length === 0 ? 0 : 1;
}

const verdicts: Verdict[] = [];
if (parts.includes('sql')) verdicts.push(await verifySql());
if (parts.includes('rest') || parts.includes('kafka')) verdicts.push(await verifyRunning());
process.exitCode = conclude(verdicts);
