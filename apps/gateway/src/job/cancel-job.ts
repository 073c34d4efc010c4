import { Injectable } from '@nestjs/common';
import { Problem } from '@penguinmails/http/problem';
import type { Call } from '../access/current-call.js';
import { JobClient } from '../clients/job.client.js';
import type { Result } from '../idempotency/idempotent-requests.js';
import type { Job } from './job.schema.js';

/**
 * Cancels a job. A request with an Idempotency-Key may be one whose answer was lost: that the job is
 * cancelled by now is what it wanted, so nothing needs to be kept for it.
 */
@Injectable()
export class CancelJob {
  constructor(private readonly jobs: JobClient) {}

  /** @throws Problem 404, 409 `job_not_cancellable`, 503 */
  async execute(call: Call, id: string, mayBeRepeated: boolean): Promise<Result<Job>> {
    try {
      return { answer: await this.jobs.cancel(call, id), replayed: false };
    } catch (error) {
      if (!mayBeRepeated || !isNotCancellable(error)) throw error;
      const job = await this.jobs.get(call, id);
      if (job.status !== 'cancelled') throw error;
      return { answer: job, replayed: true };
    }
  }
}

function isNotCancellable(error: unknown): boolean {
  return error instanceof Problem && error.code === 'job_not_cancellable';
}
