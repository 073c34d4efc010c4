import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import type { BuriedJob, JobEnd } from './job-end.js';
import { sameTenant } from './unfinished-job.js';

/**
 * Hot row → history, and a dead letter for the dead: one statement. The tries of a dead letter are
 * read from job_attempts, so the last try has to be written before. Partitions older than the job
 * cannot hold its tries.
 */
const END_JOBS = `
WITH ended AS (
  DELETE FROM job_queue j
  USING unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[], $6::int[], $7::text[],
    $8::text[], $9::uuid[])
    AS e(tenant_id, id, end_status, outcome, tries, losses, code, message, letter_id)
  WHERE ${sameTenant('j.tenant_id', 'e.tenant_id')} AND j.id = e.id
  RETURNING j.*, e.end_status, e.outcome, e.tries, e.losses, e.code, e.message, e.letter_id
), kept AS (
  INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, created_at, error_message,
    last_error_code, progress, correlation_id, group_id, redriven_from)
  SELECT tenant_id, id, job_type, queue, end_status, outcome, priority, tries,
    max_attempts, losses, scheduled_at, started_at, created_at, message,
    code, progress, correlation_id, group_id, redriven_from
  FROM ended
)
INSERT INTO dead_letters (tenant_id, id, job_id, job_type, queue, payload, rate_key, domain_key,
  priority, outcome, error_code, attempts, max_attempts, lease_losses, tries, correlation_id,
  job_created_at, root_job_id, redrives, group_id)
SELECT e.tenant_id, e.letter_id, e.id, e.job_type, e.queue, e.payload, e.rate_key, e.domain_key,
  e.priority, e.outcome, coalesce(e.code, e.outcome), e.tries, e.max_attempts, e.losses,
  (SELECT coalesce(jsonb_agg(jsonb_build_object(
      'attempt', a.attempt, 'outcome', a.outcome, 'code', a.code,
      'enhanced_code', a.enhanced_code, 'error_code', a.error_code, 'reply', a.reply,
      'leased_by', a.leased_by, 'started_at', a.started_at, 'finished_at', a.finished_at
    ) ORDER BY a.attempt), '[]')
    FROM job_attempts a
    WHERE a.tenant_id = e.tenant_id AND a.job_id = e.id AND a.completed_at >= e.created_at),
  e.correlation_id, e.created_at, e.root_job_id, e.redrives, e.group_id
FROM ended e
WHERE e.end_status = 'dead'
RETURNING tenant_id AS "tenantId", job_id AS "jobId", job_type AS type, error_code AS "errorCode"`;

/** The one way out of the hot table. */
@Injectable()
export class JobEndSystemRepository {
  /**
   * Moves jobs to history and buries the dead ones. The caller has locked the rows and decided on
   * them in the same transaction; a pair that names no hot row has no effect.
   */
  async end(tx: SystemTransaction, ends: readonly JobEnd[]): Promise<BuriedJob[]> {
    if (ends.length === 0) return [];
    const { rows } = await tx.query<BuriedJob>(
      END_JOBS,
      [
        ends.map((end) => end.tenantId),
        ends.map((end) => end.jobId),
        ends.map((end) => end.status),
        ends.map((end) => end.outcome),
        ends.map((end) => end.attempts),
        ends.map((end) => end.leaseLosses),
        ends.map((end) => end.errorCode),
        ends.map((end) => end.errorMessage),
        ends.map((end) => (end.status === 'dead' ? newId() : null)),
      ],
      { name: 'jobs-end' },
    );
    return rows;
  }
}
