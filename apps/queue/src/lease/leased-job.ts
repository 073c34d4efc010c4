import type { JobKey } from '../job/unfinished-job.js';

export interface ClaimRequest {
  readonly types: readonly string[];
  readonly max: number;
  /** Fencing token of every job of this claim. */
  readonly leaseToken: string;
  readonly leaseMs: number;
  readonly workerId: string;
}

/** The parts of a job's payload that a grant names, where the type has them. */
export interface GrantedPayload {
  readonly storage_key?: string;
  readonly mailbox_id?: string;
}

/** A job as it is handed out. `attempt`: number of the try that begins, from 1. */
export interface LeasedJob extends JobKey {
  readonly type: string;
  readonly payload: GrantedPayload;
  readonly priority: number;
  readonly scheduledAt: Date;
  readonly attempt: number;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A lease that was renewed. */
export interface HeldLease extends JobKey {
  readonly payload: GrantedPayload;
  readonly leaseToken: string;
  readonly expiresAt: Date;
  readonly cancelRequestedAt: Date | null;
}
