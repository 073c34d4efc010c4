import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { notFound } from '@penguinmails/http/problem';
import { bornAfter } from './born-after.js';
import { type JobStatus, statusOf } from './job.js';
import { JobRepository, type JobRow } from './job.repository.js';

/** A job as the API shows it. */
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
  readonly last_error_code: string | null;
  readonly created_at: Date;
  readonly progress: unknown;
}

/** Finds a job of the tenant, waiting, running or finished. */
@Injectable()
export class GetJob {
  constructor(
    private readonly database: TenantDatabase,
    private readonly jobs: JobRepository,
  ) {}

  /** @throws Problem 404 also for a job of another tenant */
  async execute(tenantId: string, id: string): Promise<JobResource> {
    const row = await this.database.once(
      tenantId,
      (tx) => this.jobs.find(tx, id, bornAfter([id])),
      { readOnly: true },
    );
    if (!row) throw notFound();
    return resourceOf(row);
  }
}

function resourceOf(row: JobRow): JobResource {
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
    last_error_code: row.lastErrorCode,
    created_at: row.createdAt,
    progress: row.progress,
  };
}

function seenStatus({ status, scheduledAt, now }: JobRow): JobStatus {
  return status === 'pending' ? statusOf({ status, scheduledAt }, now) : status;
}
