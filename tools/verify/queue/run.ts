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

/** @throws NotInTime when a fault meets no running job */
export async function verifyQueue(
  run: QueueRun,
  say: (line: object) => void = () => undefined,
): Promise<QueueVerdict> {
  const rules: RuleReport[] = [];
  for (const replicas of run.replicas)
    rules.push(...(await onStage(false, (stage) => runRules(stage, replicas, run.mutant, say))));
  const { durable } = run.form;
  const rounds = run.faults ? await onStage(durable, (stage) => runFaults(stage, run, say)) : [];
  return { rules, rounds, violations: [...brokenRules(rules), ...violationsOf(rounds)] };
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
