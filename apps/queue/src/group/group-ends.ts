import type { JobEnd } from '../job/job-end.js';
import { jobKeyOf, type UnfinishedJob } from '../job/unfinished-job.js';
import type { GroupEnd } from './group.js';

/**
 * What ends count in the groups of their jobs.
 * @param jobs the rows that the ends were decided on
 */
export function groupEnds(
  ends: readonly JobEnd[],
  jobs: readonly Pick<UnfinishedJob, 'tenantId' | 'jobId' | 'groupId'>[],
): GroupEnd[] {
  const groups = new Map(jobs.map((job) => [jobKeyOf(job), job.groupId]));
  return ends.map((end) => ({
    tenantId: end.tenantId,
    groupId: groups.get(jobKeyOf(end)),
    ended: 1,
    dead: Number(end.status === 'dead'),
  }));
}
