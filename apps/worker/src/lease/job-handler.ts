import type { JobResult } from '../clients/queue.client.js';
import type { HeldJob } from './held-jobs.js';

/** What a handler says about each of its jobs, as soon as it knows. */
export type Report = (results: readonly JobResult[]) => void;

/** Executes leased jobs of one type; every job gets exactly one result through `report`. */
export interface JobHandler {
  readonly type: string;
  /**
   * Never rejects: a failure is a result. Stops beginning new work once `signal` aborts, and work on
   * one job once that job's own signal does: its result is then `cancelled`.
   */
  handle(jobs: readonly HeldJob[], report: Report, signal: AbortSignal): Promise<void>;
}

type Outcome = Pick<JobResult, 'kind'> & Partial<Omit<JobResult, 'tenant_id' | 'job_id'>>;

/** A result of a job that has just ended; `started_at` defaults to now. */
export function resultOf(job: HeldJob, outcome: Outcome): JobResult {
  const now = new Date().toISOString();
  return {
    tenant_id: job.tenant_id,
    job_id: job.id,
    lease_token: job.leaseToken,
    code: null,
    enhanced_code: null,
    error_code: null,
    reply: null,
    started_at: now,
    finished_at: now,
    ...outcome,
  };
}
