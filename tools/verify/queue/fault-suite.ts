import { SeededRandom } from '../messaging/seeded-random.ts';
import { inFairWeather } from '../weather.ts';
import type { Form } from './form.ts';
import { unexpectedErrors } from './judge/service-errors.ts';
import { longRounds, shortRounds } from './rounds.ts';
import { Round, type RoundReport } from './round.ts';
import { Scene } from './scene.ts';
import type { Stage } from './stage.ts';

const REPLICAS = 2;
const WORKERS = 3;

export interface FaultRun {
  readonly form: Form;
  readonly seed: number;
  /** Only the rounds of these names. */
  readonly only?: readonly string[];
  /** Modules loaded before every replica. */
  readonly mutant: readonly string[];
}

/** Three workers, two replicas of the queue; one report a round. */
export async function runFaults(
  stage: Stage,
  { form, seed, only, mutant }: FaultRun,
  onReport: (report: RoundReport) => void = () => undefined,
): Promise<RoundReport[]> {
  const scene = await Scene.create(stage, form, { replicas: REPLICAS, workers: WORKERS }, mutant);
  const random = new SeededRandom(seed);
  const plans = form.name === 'long' ? longRounds(form) : shortRounds(form);
  const reports: RoundReport[] = [];
  try {
    await Promise.all([scene.startQueue(), scene.startWorkers()]);
    // What was logged while everything started is not of the first round.
    unexpectedErrors(stage.directory);
    for (const plan of plans.filter(({ name }) => !only || only.includes(name))) {
      if (plan.name === 'poison job') await scene.restartWith(form.poisonLimits);
      const report = await inFairWeather({
        run: () => new Round(scene, random, plan).run(),
        isFinal: ({ violations }) => !isOfTime(Object.keys(violations)),
        questions: [() => stage.admin.query('SELECT 1')],
        // Only a heartbeat that comes that much too late loses a lease.
        fairMs: (form.limits.leaseMs - form.limits.heartbeatMs) / 2,
      });
      onReport(report);
      reports.push(report);
    }
    return reports;
  } finally {
    await scene.close();
  }
}

/** What a machine that stands still can cause. Work that is lost or ends otherwise than planned it cannot. */
const OF_TIME = [
  ...['lease_lost_without_cause', 'repeated_without_cause', 'begun_again_late'],
  ...['handed_back_late', 'exit_late_or_wrong', 'fence_not_met'],
];

function isOfTime(violated: readonly string[]): boolean {
  return violated.length > 0 && violated.every((rule) => OF_TIME.includes(rule));
}

/** What is wrong, in words; nothing when all is as it must be. */
export function violationsOf(reports: readonly RoundReport[]): string[] {
  return reports.flatMap(({ round, violations }) =>
    Object.entries(violations).map(([rule, count]) => `${round}: ${rule} ${count}`),
  );
}
