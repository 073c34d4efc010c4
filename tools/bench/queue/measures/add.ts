import type { BenchJob } from '../contender.ts';
import { costPerJob } from '../cost-meter.ts';
import { settle } from '../admin.ts';
import { type Figures, load, nextJobs, type Run } from '../run.ts';

const IN_FLIGHT = 16;
const BULK = 1_000;
const WARM_UP = 200;

/** Adding without a worker: one after the other, 16 in flight, and in calls of 1,000. */
export async function measureAdd(run: Run): Promise<Figures> {
  const few = Math.ceil(run.sizes.jobs / 15);
  await load(run, BULK * 4);
  await addAll(run, WARM_UP, IN_FLIGHT);
  return {
    ...(await timed(run, 'add_one', few, () => addAll(run, few, 1))),
    ...(await timed(run, 'add_16', few * 2, () => addAll(run, few * 2, IN_FLIGHT))),
    ...(await timed(run, 'add_bulk', run.sizes.jobs * 2, () => addBulks(run, run.sizes.jobs * 2))),
  };
}

async function timed(
  run: Run,
  name: string,
  jobs: number,
  work: () => Promise<void>,
): Promise<Figures> {
  await settle(run.urls.admin);
  const before = await run.meter.read();
  await work();
  const after = await run.meter.read();
  const { db_us } = costPerJob(before, after, jobs);
  return { [name]: (jobs * 1_000) / (after.at - before.at), [`${name}_db_us`]: db_us };
}

async function addAll(run: Run, count: number, inFlight: number): Promise<void> {
  const jobs = nextJobs(run, count);
  const lane = async (): Promise<void> => {
    for (let job = jobs.pop(); job; job = jobs.pop()) await run.contender.addOne(job);
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

async function addBulks(run: Run, count: number): Promise<void> {
  const jobs: BenchJob[] = nextJobs(run, count);
  for (let at = 0; at < count; at += BULK) await run.contender.addBulk(jobs.slice(at, at + BULK));
}
