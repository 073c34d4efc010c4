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
  last_error_code AS "lastErrorCode", created_at AS "createdAt", progress, now() AS now`;

/** One statement, so a job that is being finished is seen on one side or the other. */
const FIND = `
SELECT * FROM (
  SELECT ${COLUMNS} FROM job_queue WHERE tenant_id = $1 AND id = $2
  UNION ALL
  SELECT ${COLUMNS} FROM job_history WHERE tenant_id = $1 AND id = $2 AND completed_at >= $3
) found
ORDER BY "completedAt" DESC NULLS FIRST
LIMIT 1`;

const LIST_ATTEMPTS = `
SELECT attempt, outcome, code, enhanced_code, error_code, reply, started_at, finished_at
FROM job_attempts
WHERE tenant_id = $1 AND job_id = $2 AND completed_at >= $3
ORDER BY attempt, completed_at`;

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
