import type { BindingLimit } from './binding-limit.js';
import { type JobStatus, statusOf } from './job.js';
import type { JobRow } from './job.repository.js';

/** A job as the API lists it. */
export interface JobResource {
  readonly object: 'job';
  readonly id: string;
  readonly type: string;
  readonly status: JobStatus;
  readonly priority: number;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly scheduled_at: Date;
  readonly started_at: Date | null;
  readonly completed_at: Date | null;
  readonly expires_at: Date | null;
  readonly cancel_requested_at: Date | null;
  readonly last_error_code: string | null;
  readonly created_at: Date;
  readonly progress: unknown;
  /** The dead job that this one repeats. */
  readonly redriven_from: string | null;
}

/** A job as the API shows it on its own. */
export interface JobDetails extends JobResource {
  readonly limited_by: BindingLimit | null;
}

export function jobResource(row: JobRow): JobResource {
  return {
    object: 'job',
    id: row.id,
    type: row.type,
    status: seenStatus(row),
    priority: row.priority,
    attempts: row.attempts,
    max_attempts: row.maxAttempts,
    scheduled_at: row.scheduledAt,
    started_at: row.startedAt,
    completed_at: row.completedAt,
    expires_at: row.expiresAt,
    cancel_requested_at: row.cancelRequestedAt,
    last_error_code: row.lastErrorCode,
    created_at: row.createdAt,
    progress: row.progress,
    redriven_from: row.redrivenFrom,
  };
}

function seenStatus({ status, scheduledAt, now }: JobRow): JobStatus {
  return status === 'pending' ? statusOf({ status, scheduledAt }, now) : status;
}
