import { setTimeout as delay } from 'node:timers/promises';
import { settle } from '../admin.ts';
import { Handled } from '../handled.ts';
import { within } from '../deadline.ts';
import { databaseUs, drainSome, type Figures, jobsFor, load, type Run, warmUp } from '../run.ts';

const CONCURRENCY = 10;
const FEW = 10_000;
const OF_B = 100;
const DRAIN_WITHIN_MS = 200_000;
const STOP_WITHIN_MS = 180_000;

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
    pending_few_db_us: databaseUs(few),
    pending_many: perSecond,
    pending_ratio: perSecond / few.perSecond,
    ...ofB,
  };
}

/** Until `jobs` are handled, and then until B's are or patience ends. */
async function drainFor(run: Run, jobs: number): Promise<Figures & { perSecond: number }> {
  await settle(run.urls.admin);
  const handled = new Handled(run.made);
  const [reached, through] = [handled.reached(jobs), handled.reachedOfB(OF_B)];
  const before = await run.meter.read();
  const worker = await run.contender.work(CONCURRENCY, handled.take);
  const at = await within(DRAIN_WITHIN_MS, `a drain of ${jobs}`, reached);
  const ended = await Promise.race([through, patience(run, before.at)]);
  const fairness_left = OF_B - handled.ofB;
  await within(STOP_WITHIN_MS, 'the stop of a worker', worker.stop());
  const after = await run.meter.read();
  return {
    perSecond: ((jobs - 1) * 1_000) / (at - handled.firstAt),
    pending_many_db_us: databaseUs({ handled, before, after }),
    fairness_seconds: (ended - before.at) / 1_000,
    fairness_left,
  };
}

/** Settles with the moment at which nobody waits any longer; unneeded, it keeps no process. */
async function patience({ sizes }: Run, beganAt: number): Promise<number> {
  const left = beganAt + sizes.patienceSeconds * 1_000 - performance.now();
  await delay(Math.max(0, left), undefined, { ref: false });
  return performance.now();
}
