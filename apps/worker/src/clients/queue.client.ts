import type { MaintenanceTask } from '@penguinmails/contracts';
import type { TierClient } from '@penguinmails/http/tier-client';

/** One job as the queue leases it. */
export interface LeasedJob {
  readonly id: string;
  readonly tenant_id: string;
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Number of this try, from 1. */
  readonly attempt: number;
  /** Only mail has the two. */
  readonly mailbox_id: string;
  readonly storage_key: string;
  readonly correlation_id: string | null;
  /** W3C trace of the request that accepted the job's cause, so that one send is one trace. */
  readonly traceparent: string | null;
  /** RFC 3339, by the queue's clock. */
  readonly created_at: string;
}

/**
 * What the queue signed for jobs of a lease: sent to oltp and content in the body. Together the grants of
 * one answer cover all its jobs under that lease.
 */
export interface LeaseGrant {
  readonly lease_token: string;
  readonly grant: string;
}

export interface Lease {
  readonly lease_token: string;
  readonly lease_expires_at: string;
  readonly jobs: readonly LeasedJob[];
  readonly grants: readonly LeaseGrant[];
}

export interface HeldLease {
  readonly lease_token: string;
  readonly jobs: readonly { tenant_id: string; id: string }[];
}

export interface Renewal {
  readonly lease_expires_at: string;
  readonly lost: readonly string[];
  /** Jobs that somebody asked to cancel; a queue of before does not say. */
  readonly cancelled?: readonly string[];
  readonly grants: readonly LeaseGrant[];
}

/** How far a job is. `total` is null while nobody knows. */
export interface Progress {
  readonly done: number;
  readonly total: number | null;
  readonly failed: number;
}

/** What the queue says to progress. Not held: somebody else has or had the job meanwhile. */
export interface ProgressAnswer {
  readonly held: boolean;
  readonly cancelled: boolean;
}

/** Rows that one bounded piece of maintenance took care of, and whether there are more. */
export interface MaintenanceStep {
  readonly done: number;
  readonly more: boolean;
}

/** Dead letters that one call made jobs of. */
export interface RedriveStep {
  readonly redriven: readonly { readonly dead_letter_id: string; readonly job_id: string }[];
  readonly more: boolean;
}

/**
 * How a job ended, as the queue takes it. `succeeded`: a job that is no mail. `returned`: not begun,
 * given back without counting. `snoozed`: it goes on later, and this was no try.
 */
export interface JobResult {
  readonly tenant_id: string;
  readonly job_id: string;
  readonly lease_token: string;
  readonly kind:
    | 'succeeded'
    | 'delivered'
    | 'deferred'
    | 'bounced'
    | 'failed'
    | 'unknown'
    | 'cancelled'
    | 'returned'
    | 'snoozed';
  readonly code: number | null;
  readonly enhanced_code: string | null;
  readonly error_code: string | null;
  readonly reply: string | null;
  readonly unknown_policy?: 'retry_once' | 'park';
  /** Only with `returned` and `snoozed`: not before this is over. */
  readonly retry_after_ms?: number;
  readonly started_at: string;
  readonly finished_at: string;
}

/** The queue tier as the worker uses it. Every call fails with a Problem when the tier is away. */
export class QueueClient {
  constructor(
    private readonly tier: TierClient,
    private readonly workerId: string,
  ) {}

  /** Leases up to `max` jobs, waiting up to `waitMs` (≤ 2,000) for the first. */
  lease(types: readonly string[], max: number, waitMs: number): Promise<Lease> {
    const body = { worker_id: this.workerId, types, max, wait_ms: waitMs };
    return this.post('/internal/leases', body, false);
  }

  /** Renews what is still held; answers the ids that are not. */
  heartbeat(leases: readonly HeldLease[]): Promise<Renewal> {
    return this.post('/internal/leases:heartbeat', { worker_id: this.workerId, leases }, true);
  }

  /** Reports outcomes; a result whose token no longer stands is refused, which ends it as well. */
  finish(results: readonly JobResult[]): Promise<{ accepted: string[]; refused: string[] }> {
    return this.post('/internal/leases:finish', { worker_id: this.workerId, results }, true);
  }

  /** Says how far a job is; nothing is recorded unless it is still held under the token. */
  progress(
    job: { tenant_id: string; id: string; leaseToken: string },
    progress: Progress,
  ): Promise<ProgressAnswer> {
    const { tenant_id, id: job_id, leaseToken: lease_token } = job;
    const body = { tenant_id, job_id, lease_token, progress };
    return this.post('/internal/leases:progress', body, true);
  }

  /** Has the queue tidy up to `limit` rows of one kind; doing it twice does no harm. */
  maintain(task: MaintenanceTask, limit: number): Promise<MaintenanceStep> {
    return this.post('/internal/maintenance:run', { task, limit }, true);
  }

  /** Makes jobs of up to `limit` dead letters that fit; a letter is redriven once. */
  redrive(filter: Readonly<Record<string, unknown>>, limit: number): Promise<RedriveStep> {
    return this.post('/internal/dead-letters:redrive', { filter, limit }, true);
  }

  private async post<T>(path: string, body: unknown, idempotent: boolean): Promise<T> {
    const { body: answer } = await this.tier.request<T>({ method: 'POST', path, body, idempotent });
    return answer;
  }
}
