import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { NewJob } from './new-job.js';

/** How long a key is remembered; longer while its job is not finished. */
const REMEMBERED_HOURS = 24;

/**
 * Claims each key for its job, or finds the job that has it. A key that was forgotten while its job
 * still waits goes on standing for that job. The update does nothing but lock and return the row of
 * another: of two transactions with one key the second waits for the first.
 */
const REMEMBER = `
INSERT INTO dedupe_keys AS d (tenant_id, job_type, dedupe_key, job_id, expires_at)
SELECT n.tenant_id, n.job_type, n.dedupe_key,
  coalesce((
    SELECT j.id FROM job_queue j
    WHERE j.tenant_id = n.tenant_id AND j.job_type = n.job_type AND j.dedupe_key = n.dedupe_key
  ), n.id),
  now() + $5 * interval '1 hour'
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[]) AS n(tenant_id, job_type, dedupe_key, id)
ON CONFLICT (tenant_id, job_type, dedupe_key) DO UPDATE
SET job_id = CASE WHEN d.expires_at > now() THEN d.job_id ELSE excluded.job_id END,
  expires_at = CASE WHEN d.expires_at > now() THEN d.expires_at ELSE excluded.expires_at END
RETURNING tenant_id AS "tenantId", job_type AS type, dedupe_key AS "dedupeKey", job_id AS "jobId"`;

type Key = Pick<NewJob, 'tenantId' | 'type' | 'dedupeKey'>;

/** The memory of job keys. */
@Injectable()
export class DedupeSystemRepository {
  /** @returns for each job the id of the one that has its key: its own, or that of another */
  async remember(tx: SystemTransaction, jobs: readonly NewJob[]): Promise<string[]> {
    const first = new Map<string, NewJob>();
    for (const job of jobs)
      if (job.dedupeKey && !first.has(nameOf(job))) first.set(nameOf(job), job);
    if (first.size === 0) return jobs.map((job) => job.jobId);
    const holders = await this.holders(tx, first);
    return jobs.map((job) => (job.dedupeKey ? holders.get(nameOf(job))! : job.jobId));
  }

  /** In one order for everybody, so that two of them over the same keys cannot deadlock. */
  private async holders(
    tx: SystemTransaction,
    first: ReadonlyMap<string, NewJob>,
  ): Promise<Map<string, string>> {
    const keyed = [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, job]) => job);
    const { rows } = await tx.query<Key & { jobId: string }>(REMEMBER, [
      keyed.map((job) => job.tenantId),
      keyed.map((job) => job.type),
      keyed.map((job) => job.dedupeKey),
      keyed.map((job) => job.jobId),
      REMEMBERED_HOURS,
    ]);
    return new Map(rows.map((row) => [nameOf(row), row.jobId]));
  }
}

function nameOf({ tenantId, type, dedupeKey }: Key): string {
  return `${tenantId} ${type} ${dedupeKey}`;
}
