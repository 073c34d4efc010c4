import type { JobKey } from '../job/unfinished-job.js';

/** The parts of a job's payload that a grant names, where the type has them. */
export interface GrantedPayload {
  readonly storage_key?: string | null;
  readonly mailbox_id?: string | null;
}

/** A job as it is handed out. `attempt`: number of the try that begins, from 1. */
export interface LeasedJob extends JobKey {
  readonly type: string;
  readonly payload: GrantedPayload;
  /** '' for none. */
  readonly rateKey: string;
  readonly domainKey: string | null;
  readonly priority: number;
  /** UTC with microseconds, as the database writes it: such texts compare as the times do. */
  readonly scheduledAt: string;
  readonly attempt: number;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** The limit of its recipient's domain had put it off. */
  readonly wasPutOff: boolean;
}

/** A lease that was renewed. */
export interface HeldLease extends JobKey {
  readonly payload: GrantedPayload;
  readonly leaseToken: string;
  readonly expiresAt: Date;
  readonly cancelRequestedAt: Date | null;
}
