import type { BenchJob, BenchUrls, Contender, ContenderDescription } from './contender.ts';
import { CostMeter, type Reading } from './cost-meter.ts';
import { within } from './deadline.ts';
import { asAdmin, settle } from './admin.ts';
import { Handled } from './handled.ts';
import type { Sizes } from './options.ts';

/** What one measurement gives, by the names of figure-list.ts. */
export type Figures = Record<string, number>;

const BULK = 1_000;
const LOADS_AT_ONCE = 2;
const DRAIN_WITHIN_MS = 200_000;
const STOP_WITHIN_MS = 180_000;
const SINGLE_SHARE = 6;

/** One contender on its fresh database. */
export interface Run {
  readonly contender: Contender;
  readonly description: ContenderDescription;
  readonly urls: BenchUrls;
  readonly sizes: Sizes;
  readonly repetition: number;
  readonly meter: CostMeter;
  /** Jobs made so far: the number of the next one. */
  made: number;
}

/** Makes the next jobs. */
export function nextJobs(run: Run, count: number, tenant: BenchJob['tenant'] = 'a'): BenchJob[] {
  const first = run.made;
  run.made += count;
  return Array.from({ length: count }, (_, at) => ({
    n: first + at,
    tenant,
    text: 'a job that does nothing',
  }));
}

/** A drain of `whole` jobs, less for those that commit once per job. */
export function jobsFor({ description }: Run, whole: number): number {
  return description.pace === 'batched' ? whole : Math.ceil(whole / SINGLE_SHARE);
}

/** Adds jobs in bulk, as fast as it goes. */
export async function load(run: Run, count: number, tenant?: BenchJob['tenant']): Promise<void> {
  let left = count;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      const size = Math.min(BULK, left);
      left -= size;
      await run.contender.addBulk(nextJobs(run, size, tenant));
    }
  };
  await Promise.all(Array.from({ length: LOADS_AT_ONCE }, lane));
}

export interface Drained {
  readonly perSecond: number;
  readonly handled: Handled;
  /** Around start, work and stop of the worker. */
  readonly before: Reading;
  readonly after: Reading;
}

/** Database CPU of a drain for each job that it handled, µs: steadier than a rate on a busy machine. */
export function databaseUs({ before, after, handled }: Omit<Drained, 'perSecond'>): number {
  return ((after.databaseCpuMs - before.databaseCpuMs) * 1_000) / handled.count;
}

/**
 * Starts a worker on what is waiting and stops it when all of it is finished. The clock runs from
 * the first handler's call until no row waits or runs: a batch handed over is not a batch done.
 * @param count all jobs that wait
 */
export async function drainAll(run: Run, concurrency: number, count: number): Promise<Drained> {
  return drained(run, concurrency, count, async () => {
    while ((await run.contender.unfinished()) > 0);
    return performance.now();
  });
}

/**
 * The same for the first `count` of more. The clock ends with the last of their handlers: finished
 * rows cannot be counted that often among so many others.
 */
export function drainSome(run: Run, concurrency: number, count: number): Promise<Drained> {
  return drained(run, concurrency, count, (lastAt) => Promise.resolve(lastAt));
}

async function drained(
  run: Run,
  concurrency: number,
  count: number,
  ending: (lastAt: number) => Promise<number>,
): Promise<Drained> {
  await settle(run.urls.admin);
  const handled = new Handled(run.made);
  const reached = handled.reached(count);
  const before = await run.meter.read();
  const worker = await run.contender.work(concurrency, handled.take);
  const ended = await within(DRAIN_WITHIN_MS, `a drain of ${count}`, reached.then(ending));
  await within(STOP_WITHIN_MS, 'the stop of a worker', worker.stop());
  const after = await run.meter.read();
  return { perSecond: (count * 1_000) / (ended - handled.firstAt), handled, before, after };
}

/** Compiles the hot paths and fills the caches; its rows are finished afterwards. */
export async function warmUp(run: Run): Promise<void> {
  const jobs = run.description.warmUpJobs ?? jobsFor(run, run.sizes.warmUp);
  await asAdmin(run.urls.admin, (client) => client.query('CHECKPOINT'));
  await load(run, jobs);
  await drainAll(run, 10, jobs);
}
