import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { bornAfter } from '../job/born-after.js';
import { JobTypes } from '../job-type/job-types.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { announceJobs } from './announce-jobs.js';
import { DedupeSystemRepository } from './dedupe.system.repository.js';
import { EnqueueSystemRepository } from './enqueue.system.repository.js';
import { isFresh, type JobRequest, newJob } from './job-request.js';
import type { NewJob } from './new-job.js';

/**
 * Puts jobs of any type into the queue, in the transaction of whatever causes them: they are there when
 * it commits, or not at all.
 */
@Injectable()
export class EnqueueJobs {
  constructor(
    private readonly types: JobTypes,
    private readonly jobs: EnqueueSystemRepository,
    private readonly dedupe: DedupeSystemRepository,
    private readonly ready: ReadyJobs,
  ) {}

  /**
   * However many jobs, one statement for them, and one more for those with a dedupe key. A key that
   * another transaction is enqueueing is waited for.
   * @returns for each request the id of the job that stands for it: its own or the remembered one
   * @throws ContractViolationError when a payload does not fit its schema; nothing is stored
   * @throws JobTypeError when a type is not declared
   */
  async enqueue(tx: SystemTransaction, requests: readonly JobRequest[]): Promise<string[]> {
    const jobs = requests.map((request) => newJob(request, this.types.get(request.type)));
    const ids = await this.dedupe.remember(tx, jobs);
    const added = jobs.filter((job, at) => ids[at] === job.jobId);
    if (added.length > 0) await this.add(tx, added, requests.every(isFresh));
    return ids;
  }

  private async add(
    tx: SystemTransaction,
    jobs: readonly NewJob[],
    areFresh: boolean,
  ): Promise<void> {
    const { since } = areFresh
      ? await this.jobs.enqueueFresh(tx, jobs)
      : await this.jobs.enqueueNamed(tx, jobs, bornAfter(jobs.map((job) => job.jobId)));
    tx.onCommit(() => announceJobs(this.ready, jobs, since));
  }
}
