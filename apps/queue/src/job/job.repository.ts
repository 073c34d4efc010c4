import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { JobStatus, StoredStatus } from './job.js';

/** A job as it is stored, hot or finished. */
export interface JobRow {
  readonly id: string;
  readonly type: string;
  readonly status: StoredStatus | Exclude<JobStatus, 'scheduled' | 'ready'>;
  readonly priority: number;
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly scheduledAt: Date;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly lastErrorCode: string | null;
  readonly createdAt: Date;
  readonly progress: unknown;
  readonly redrivenFrom: string | null;
  /** Of a waiting job: when it is no longer worth running. */
  readonly expiresAt: Date | null;
  /** Of a running job that shall stop. */
  readonly cancelRequestedAt: Date | null;
  /** Of a waiting job: what it was put off by. */
  readonly putOffBy: string | null;
  readonly rateKey: string;
  readonly domainKey: string | null;
  /** The database's clock. */
  readonly now: Date;
}

/** One finished try; `reply` was masked when it was stored. */
export interface AttemptRow {
  readonly attempt: number;
  readonly outcome: string;
  readonly code: number | null;
  readonly enhanced_code: string | null;
  readonly error_code: string | null;
  readonly reply: string | null;
  readonly started_at: Date;
  readonly finished_at: Date;
}

const COLUMNS = `id, job_type AS type, status, priority, attempts, max_attempts AS "maxAttempts",
  scheduled_at AS "scheduledAt", started_at AS "startedAt", completed_at AS "completedAt",
  last_error_code AS "lastErrorCode", created_at AS "createdAt", progress,
  redriven_from AS "redrivenFrom", now() AS now`;

/** Of {@link JobRow}, from job_queue. */
export const HOT_JOB_COLUMNS = `${COLUMNS}, expires_at AS "expiresAt",
  cancel_requested_at AS "cancelRequestedAt", limited_by AS "putOffBy", rate_key AS "rateKey",
  domain_key AS "domainKey"`;

/** Of {@link JobRow}, from job_history: what held a job back does not matter any more. */
export const FINISHED_JOB_COLUMNS = `${COLUMNS}, NULL::timestamptz AS "expiresAt",
  NULL::timestamptz AS "cancelRequestedAt", NULL AS "putOffBy", '' AS "rateKey",
  NULL AS "domainKey"`;

/**
 * One statement, so a job that is being finished is seen on one side or the other. The future holds no
 * finished jobs, but partitions for them.
 */
const FIND = `
SELECT * FROM (
  SELECT ${HOT_JOB_COLUMNS} FROM job_queue WHERE tenant_id = $1 AND id = $2
  UNION ALL
  SELECT ${FINISHED_JOB_COLUMNS} FROM job_history
  WHERE tenant_id = $1 AND id = $2
    AND completed_at >= $3 AND completed_at < now() + interval '1 hour'
) found
ORDER BY "completedAt" DESC NULLS FIRST
LIMIT 1`;

/** The last try of a job that was completed stands in its history row. */
const LIST_ATTEMPTS = `
SELECT attempt, outcome, code, enhanced_code, error_code, reply, started_at, finished_at
FROM (
  SELECT attempt, outcome, code, enhanced_code, error_code, reply, started_at, finished_at
  FROM job_attempts
  WHERE tenant_id = $1 AND job_id = $2
    AND completed_at >= $3 AND completed_at < now() + interval '1 hour'
  UNION ALL
  SELECT attempts, outcome, code, enhanced_code, last_error_code, error_message, try_started_at,
    try_finished_at
  FROM job_history
  WHERE tenant_id = $1 AND id = $2 AND try_started_at IS NOT NULL
    AND completed_at >= $3 AND completed_at < now() + interval '1 hour'
) tried
ORDER BY attempt, finished_at`;

/** Reads jobs of one tenant. `bornAfter`: partitions before it cannot hold the job. */
@Injectable()
export class JobRepository {
  async find(tx: TenantTransaction, id: string, bornAfter: Date): Promise<JobRow | undefined> {
    const { rows } = await tx.query<JobRow>(FIND, [tx.tenantId, id, bornAfter]);
    return rows.at(0);
  }

  async listAttempts(tx: TenantTransaction, id: string, bornAfter: Date): Promise<AttemptRow[]> {
    const { rows } = await tx.query<AttemptRow>(LIST_ATTEMPTS, [tx.tenantId, id, bornAfter]);
    return rows;
  }
}
