import type { JobStatus } from './job.js';
import type { JobKey } from './unfinished-job.js';

/** What a finished job came to; a dead one keeps what its last try met. */
export type EndOutcome =
  | 'succeeded'
  | 'delivered'
  | 'bounced'
  | 'failed'
  | 'deferred'
  | 'unknown'
  | 'lease_lost'
  | 'cancelled'
  | 'expired';

/** A job that leaves the hot table. */
export interface JobEnd extends JobKey {
  readonly status: Extract<JobStatus, 'completed' | 'dead' | 'cancelled' | 'expired'>;
  readonly outcome: EndOutcome;
  readonly attempts: number;
  readonly leaseLosses: number;
  readonly errorCode: string | null;
  /** Masked reply of the last try. */
  readonly errorMessage: string | null;
}

/** A job that was buried just now. */
export interface BuriedJob extends JobKey {
  readonly type: string;
  readonly errorCode: string;
}
