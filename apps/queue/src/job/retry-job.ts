import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { conflict } from '@penguinmails/http/problem';
import { RedriveSystemRepository } from '../dead-letter/redrive.system.repository.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { GetJob } from './get-job.js';
import { HeldJobSystemRepository } from './held-job.system.repository.js';
import type { JobDetails } from './job-resource.js';
import type { JobKey } from './unfinished-job.js';

/** The job that will run, and whether that was so before this request. */
export interface RetriedJob {
  readonly job: JobDetails;
  readonly replayed: boolean;
}

/** Gives a job of the tenant its next try now: one that waits for later, or a dead one as a new job. */
@Injectable()
export class RetryJob {
  constructor(
    private readonly database: SystemDatabase,
    private readonly held: HeldJobSystemRepository,
    private readonly letters: RedriveSystemRepository,
    private readonly jobs: GetJob,
    private readonly ready: ReadyJobs,
  ) {}

  /**
   * @param mayBeRepeated the request may be one whose answer was lost, so that a job which is due by now,
   * or the one that a dead job was redriven as, is what it wanted
   * @returns the same job, or the new one
   * @throws Problem 404, 409 `job_not_retryable`
   */
  async execute(key: JobKey, mayBeRepeated: boolean): Promise<RetriedJob> {
    const retried = await this.database.transaction(async (tx) => {
      tx.onCommit(() => this.ready.wake());
      const changed = (await this.hasten(tx, key)) ?? (await this.redrive(tx, key));
      if (changed !== undefined) return { id: changed, replayed: false };
      const before = mayBeRepeated ? await this.before(tx, key) : undefined;
      return before === undefined ? undefined : { id: before, replayed: true };
    });
    const job = await this.jobs.execute(key.tenantId, retried?.id ?? key.jobId);
    if (retried) return { job, replayed: retried.replayed };
    throw conflict('job_not_retryable', `A job that is ${job.status} cannot be tried again.`);
  }

  private async hasten(tx: SystemTransaction, key: JobKey): Promise<string | undefined> {
    const job = await this.held.lock(tx, key);
    if (!job || job.leasedBy !== null || job.isDue) return undefined;
    await this.held.makeDue(tx, job);
    return job.jobId;
  }

  private async redrive(tx: SystemTransaction, key: JobKey): Promise<string | undefined> {
    return (await this.letters.redriveJob(tx, key)).at(0)?.job_id;
  }

  /** The job that an earlier request of the same wish has made ready. */
  private async before(tx: SystemTransaction, key: JobKey): Promise<string | undefined> {
    const job = await this.held.lock(tx, key);
    if (job) return job.leasedBy === null ? job.jobId : undefined;
    return this.letters.redrivenAs(tx, key);
  }
}
