import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { conflict } from '@penguinmails/http/problem';
import { RedriveSystemRepository } from '../dead-letter/redrive.system.repository.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { GetJob } from './get-job.js';
import { HeldJobSystemRepository } from './held-job.system.repository.js';
import type { JobDetails } from './job-resource.js';
import type { JobKey } from './unfinished-job.js';

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
   * @returns the job that will run: the same, or the new one
   * @throws Problem 404, 409 `job_not_retryable`
   */
  async execute(key: JobKey, mayBeRepeated: boolean): Promise<JobDetails> {
    const id = await this.database.transaction(async (tx) => {
      tx.onCommit(() => this.ready.wake());
      const hastened = await this.hasten(tx, key, mayBeRepeated);
      return hastened ?? (await this.redrive(tx, key, mayBeRepeated));
    });
    const job = await this.jobs.execute(key.tenantId, id ?? key.jobId);
    if (id !== undefined) return job;
    throw conflict('job_not_retryable', `A job that is ${job.status} cannot be tried again.`);
  }

  private async hasten(
    tx: SystemTransaction,
    key: JobKey,
    mayBeRepeated: boolean,
  ): Promise<string | undefined> {
    const job = await this.held.lock(tx, key);
    if (!job || job.leasedBy !== null || (job.isDue && !mayBeRepeated)) return undefined;
    if (!job.isDue) await this.held.makeDue(tx, job);
    return job.jobId;
  }

  private async redrive(
    tx: SystemTransaction,
    key: JobKey,
    mayBeRepeated: boolean,
  ): Promise<string | undefined> {
    const [redriven] = await this.letters.redriveJob(tx, key);
    if (redriven) return redriven.job_id;
    return mayBeRepeated ? this.letters.redrivenAs(tx, key) : undefined;
  }
}
