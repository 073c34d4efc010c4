import { brokenRules, type RuleReport, runRules } from './conformance/conformance.ts';
import { type FaultRun, runFaults, violationsOf } from './fault-suite.ts';
import type { RoundReport } from './round.ts';
import { openStage, type Stage } from './stage.ts';

/** Rules against each number of replicas, and the faults; on a stage each. */
export interface QueueRun extends FaultRun {
  readonly replicas: readonly number[];
  /** False: only the rules. */
  readonly faults: boolean;
}

export interface QueueVerdict {
  readonly rules: readonly RuleReport[];
  readonly rounds: readonly RoundReport[];
  /** In words; nothing when all is as it must be. */
  readonly violations: readonly string[];
}

/**
 * The short form does both halves side by side, each on parts of its own: they mostly wait.
 *
 * @throws NotInTime when a fault meets no running job
 */
export async function verifyQueue(
  run: QueueRun,
  say: (line: object) => void = () => undefined,
): Promise<QueueVerdict> {
  const { durable, name } = run.form;
  const faults = async (): Promise<RoundReport[]> =>
    run.faults ? await onStage(durable, (stage) => runFaults(stage, run, say)) : [];
  const [rules, rounds] =
    name === 'short'
      ? await both(allRules(run, say), faults())
      : [await allRules(run, say), await faults()];
  return { rules, rounds, violations: [...brokenRules(rules), ...violationsOf(rounds)] };
}

/** Waits for both, also when one of them fails: each has processes to end. */
async function both<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** Against each number of replicas. */
async function allRules(run: QueueRun, say: (line: object) => void): Promise<RuleReport[]> {
  const reports: RuleReport[] = [];
  for (const replicas of run.replicas)
    reports.push(...(await onStage(false, (stage) => runRules(stage, replicas, run.mutant, say))));
  return reports;
}

/** What broke off, or was found wrong, keeps its logs. */
async function onStage<T extends RuleReport | RoundReport>(
  durable: boolean,
  work: (stage: Stage) => Promise<T[]>,
): Promise<T[]> {
  const stage = await openStage(durable);
  let isWrong = true;
  try {
    const reports = await work(stage);
    isWrong = reports.some(hasFailed);
    return reports;
  } finally {
    if (isWrong) process.stderr.write(`logs and journals: ${stage.directory}\n`);
    await stage.close(isWrong);
  }
}

function hasFailed(report: RuleReport | RoundReport): boolean {
  return 'ok' in report ? !report.ok : Object.keys(report.violations).length > 0;
}
