import { Injectable } from '@nestjs/common';
import type { JobTypeDeclaration } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';

/** Only rows that differ are written: every replica does this at every start. */
const WRITE_JOB_TYPES = `
INSERT INTO job_types AS t (job_type, max_attempts, retry_policy, limits, retention)
SELECT * FROM unnest($1::text[], $2::int[], $3::jsonb[], $4::jsonb[], $5::jsonb[])
ON CONFLICT (job_type) DO UPDATE
SET max_attempts = excluded.max_attempts, retry_policy = excluded.retry_policy,
  limits = excluded.limits, retention = excluded.retention, updated_at = now()
WHERE (t.max_attempts, t.retry_policy, t.limits, t.retention)
  IS DISTINCT FROM (excluded.max_attempts, excluded.retry_policy, excluded.limits, excluded.retention)`;

/** The list of job types, for people and tools that read the database. */
@Injectable()
export class JobTypeSystemRepository {
  /** Types that are no longer declared stay: their history does, too. */
  async write(tx: SystemTransaction, types: readonly JobTypeDeclaration[]): Promise<void> {
    await tx.query(WRITE_JOB_TYPES, [
      types.map(({ type }) => type),
      types.map(({ maxAttempts }) => maxAttempts),
      types.map(retryPolicy),
      types.map(limits),
      types.map(({ retentionDays }) => JSON.stringify(retentionDays)),
    ]);
  }
}

function retryPolicy({ backoffSeconds, jitter, unknownRetries }: JobTypeDeclaration): string {
  return JSON.stringify({
    backoff_seconds: backoffSeconds,
    jitter,
    unknown_retries: unknownRetries,
  });
}

function limits(declared: JobTypeDeclaration): string {
  return JSON.stringify({
    lease_ms: declared.leaseMs,
    heartbeat_ms: declared.heartbeatMs,
    lease_loss_limit: declared.leaseLossLimit,
    waiting_limit_seconds: declared.waitingLimitSeconds,
  });
}
