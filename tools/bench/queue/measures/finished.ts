import { databaseUs, drainAll, type Figures, jobsFor, load, type Run, warmUp } from '../run.ts';

const CONCURRENCY = 10;

/** The same drain beside nothing and beside a million jobs that were finished before. */
export async function measureFinished(run: Run): Promise<Figures> {
  const { seedFinished } = run.contender;
  if (!seedFinished) throw new Error('keeps no finished jobs');
  await warmUp(run);
  const jobs = jobsFor(run, run.sizes.jobs);
  await load(run, jobs);
  const alone = await drainAll(run, CONCURRENCY, jobs);
  await seedFinished.call(run.contender, run.sizes.backlog);
  await load(run, jobs);
  const beside = await drainAll(run, CONCURRENCY, jobs);
  return {
    finished_none: alone.perSecond,
    finished_none_db_us: databaseUs(alone),
    finished_many: beside.perSecond,
    finished_many_db_us: databaseUs(beside),
    finished_ratio: beside.perSecond / alone.perSecond,
  };
}
