import { lanesOf } from '../lane/lane.js';
import type { ReadyJobs } from '../lease/ready-jobs.js';
import type { NewJob } from './new-job.js';

/**
 * Tells those who wait for work of new jobs, after their commit. When a job for later falls due is for
 * the database's clock to say: it is looked at.
 * @param since the time for which those are scheduled that are due at once
 */
export function announceJobs(ready: ReadyJobs, jobs: readonly NewJob[], since: string): void {
  const now = jobs.filter((job) => job.scheduledAt === null);
  ready.wake(lanesOf(now), since);
  if (now.length < jobs.length) ready.wake();
}
