import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { UNFINISHED_JOB_COLUMNS, type JobKey, type UnfinishedJob } from '../job/unfinished-job.js';
import type { NewJob } from './new-job.js';

/**
 * One statement for jobs of many tenants. A job that is hot or finished already is left as it is:
 * the id of a job is the id of what it is about, so a repeated event finds it. $12 is no later than
 * the birth of the oldest job: history before it cannot hold any of them.
 */
const ENQUEUE = `
INSERT INTO job_queue (tenant_id, id, job_type, payload, priority, max_attempts, scheduled_at,
  rate_key, domain_key, correlation_id, traceparent)
SELECT n.tenant_id, n.id, n.job_type, n.payload, n.priority, n.max_attempts,
  coalesce(n.scheduled_at, now()), n.rate_key, n.domain_key, n.correlation_id, n.traceparent
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::int[], $6::int[],
  $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[])
  AS n(tenant_id, id, job_type, payload, priority, max_attempts, scheduled_at, rate_key, domain_key,
    correlation_id, traceparent)
WHERE NOT EXISTS (
  SELECT FROM job_history h
  WHERE h.tenant_id = n.tenant_id AND h.id = n.id AND h.completed_at >= $12
)
ON CONFLICT (tenant_id, id) DO NOTHING`;

/**
 * A row that another transaction is leasing is waited for, and left when it came to run. Not running
 * is said by the lease: with status in the text, stale statistics make the planner read every
 * pending row through the seed's index (reference/send-path.md).
 */
const LOCK_WAITING = `
SELECT ${UNFINISHED_JOB_COLUMNS}
FROM unnest($1::uuid[], $2::uuid[]) AS w(tenant_id, id)
JOIN job_queue j ON j.tenant_id = w.tenant_id AND j.id = w.id
WHERE j.lease_token IS NULL
ORDER BY j.tenant_id, j.id
FOR UPDATE OF j`;

/** Puts jobs into the hot table, and finds those that may still be taken out. */
@Injectable()
export class EnqueueSystemRepository {
  /** @returns how many jobs are new */
  async enqueue(tx: SystemTransaction, jobs: readonly NewJob[], bornAfter: Date): Promise<number> {
    const { rowCount } = await tx.query(ENQUEUE, [...columnsOf(jobs), bornAfter]);
    return rowCount;
  }

  /** Locks the named jobs that are not running; a pair that names none is left out. */
  async lockWaiting(tx: SystemTransaction, keys: readonly JobKey[]): Promise<UnfinishedJob[]> {
    const { rows } = await tx.query<UnfinishedJob>(LOCK_WAITING, [
      keys.map((key) => key.tenantId),
      keys.map((key) => key.jobId),
    ]);
    return rows;
  }
}

function columnsOf(jobs: readonly NewJob[]): unknown[] {
  return [
    jobs.map((job) => job.tenantId),
    jobs.map((job) => job.jobId),
    jobs.map((job) => job.type),
    jobs.map((job) => JSON.stringify(job.payload)),
    jobs.map((job) => job.priority),
    jobs.map((job) => job.maxAttempts),
    jobs.map((job) => job.scheduledAt),
    jobs.map((job) => job.rateKey),
    jobs.map((job) => job.domainKey),
    jobs.map((job) => job.correlationId),
    jobs.map((job) => job.traceparent),
  ];
}
