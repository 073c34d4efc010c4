import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { JobTypes } from '../job-type/job-types.js';
import { AddTogether } from './add-together.js';
import { EnqueueJobs } from './enqueue-jobs.js';
import { isFresh, type JobRequest, newJob } from './job-request.js';

/** Puts one job into the queue that no transaction of the caller's causes. */
@Injectable()
export class AddJob {
  constructor(
    private readonly database: SystemDatabase,
    private readonly types: JobTypes,
    private readonly together: AddTogether,
    private readonly enqueueJobs: EnqueueJobs,
  ) {}

  /**
   * A job that has a dedupe key or an id already may have to wait for another transaction: it gets one of
   * its own. Any other shares a statement and a commit with what is added at the same time.
   * @returns the id of the job that stands for it: its own or the remembered one
   * @throws ContractViolationError when the payload does not fit its schema
   * @throws JobTypeError when the type is not declared
   */
  async execute(request: JobRequest): Promise<string> {
    if (!isFresh(request) || request.dedupeKey) return this.alone(request);
    const job = newJob(request, this.types.get(request.type));
    await this.together.add(job);
    return job.jobId;
  }

  private async alone(request: JobRequest): Promise<string> {
    const [id] = await this.database.transaction((tx) => this.enqueueJobs.enqueue(tx, [request]));
    return id;
  }
}
