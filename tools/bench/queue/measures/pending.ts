import { setTimeout as delay } from 'node:timers/promises';
import { settle } from '../admin.ts';
import { Handled } from '../handled.ts';
import { within } from '../deadline.ts';
import { drainSome, type Figures, jobsFor, load, type Run, warmUp } from '../run.ts';

const CONCURRENCY = 10;
const FEW = 10_000;
const OF_B = 100;
const DRAIN_WITHIN_MS = 200_000;
const STOP_WITHIN_MS = 45_000;

/**
 * The same drain in front of a small and of a large backlog. Behind the large one of tenant A stand
 * 100 jobs of tenant B, added last: the worker goes on until they are through or patience ends.
 */
export async function measurePending(run: Run): Promise<Figures> {
  await warmUp(run);
  const jobs = jobsFor(run, run.sizes.jobs);
  await load(run, FEW + jobs);
  const few = await drainSome(run, CONCURRENCY, jobs);
  await load(run, run.sizes.backlog);
  await load(run, OF_B, 'b');
  const { perSecond, ...ofB } = await drainFor(run, jobs);
  return {
    pending_few: few.perSecond,
    pending_many: perSecond,
    pending_ratio: perSecond / few.perSecond,
    ...ofB,
  };
}

async function drainFor(run: Run, jobs: number): Promise<Figures & { perSecond: number }> {
  await settle(run.urls.admin);
  const handled = new Handled(run.made);
  const reached = handled.reached(jobs);
  const through = handled.reachedOfB(OF_B);
  const beganAt = performance.now();
  const worker = await run.contender.work(CONCURRENCY, handled.take);
  const at = await within(DRAIN_WITHIN_MS, `a drain of ${jobs}`, reached);
  const perSecond = ((jobs - 1) * 1_000) / (at - handled.firstAt);
  const patience = run.sizes.patienceSeconds * 1_000 - (performance.now() - beganAt);
  // Unreferenced: patience that was not needed must not keep the process.
  const over = delay(Math.max(0, patience), undefined, { ref: false });
  const ended = await Promise.race([through, over]);
  const fairness_left = OF_B - handled.ofB;
  await within(STOP_WITHIN_MS, 'the stop of a worker', worker.stop());
  const fairness_seconds = ((ended ?? performance.now()) - beganAt) / 1_000;
  return { perSecond, fairness_seconds, fairness_left };
}
