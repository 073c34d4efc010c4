import { phasesOf, type Phase, type PhaseReport, runPhase } from './phases.ts';
import { type Preloads, Scene } from './scene.ts';
import { openStage } from './stage.ts';
import { TopicJudge } from './topic-judge.ts';

export interface Run {
  readonly seed: number;
  readonly phases: readonly Phase[];
  readonly preloads: Preloads;
}

/**
 * Runs the phases one after another on parts of its own.
 *
 * @throws NotInTime when outbox or lag do not come to rest
 */
export async function verifyRun(
  { seed, phases, preloads }: Run,
  onReport: (report: PhaseReport) => void = () => undefined,
): Promise<PhaseReport[]> {
  const stage = await openStage();
  const scene = new Scene(stage, seed, preloads);
  const judge = new TopicJudge(stage.brokers);
  const reports: PhaseReport[] = [];
  let failed = true;
  try {
    for (const phase of phases) {
      const report = await runPhase(scene, judge, seed, phase);
      onReport(report);
      reports.push(report);
    }
    failed = false;
    return reports;
  } finally {
    await scene.close();
    if (failed) process.stderr.write(`logs of the processes: ${stage.directory}/logs\n`);
    await stage.close(failed);
  }
}

export { phasesOf };
