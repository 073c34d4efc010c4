import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { DELIVERY_TYPES } from '../job-type/reports-delivery.js';
import {
  compareIds,
  type RunningJob,
  sameTenant,
  UNFINISHED_JOB_COLUMNS,
} from '../job/unfinished-job.js';
import type { FinishedTry, Release } from './finish-plan.js';
import type { FinishResult } from './finish-result.js';
import { resultColumns } from './result-columns.js';

/** Only rows that still hold the finisher's token. */
const LOCK_HELD = `
SELECT ${UNFINISHED_JOB_COLUMNS}, now() AS now
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS r(tenant_id, id, lease_token)
JOIN job_queue j
  ON ${sameTenant('j.tenant_id', 'r.tenant_id')} AND j.id = r.id AND j.lease_token = r.lease_token
FOR UPDATE OF j`;

/**
 * Most jobs end well at their first try: straight from the hot table into history, the try with them,
 * without being locked and decided on before. Only rows that still hold the finisher's token. Times
 * are as in {@link withinLease}. Only outcomes that the job's type can mean: $12 are the types of mail.
 * Values as {@link resultColumns} gives them. It answers with the places of the jobs among them, one
 * row for all of which the same is to be said.
 */
const COMPLETE = `
WITH done AS (
  DELETE FROM job_queue j
  USING (
    SELECT ($1::uuid[])[u.lease] AS tenant_id, ($2::uuid[])[u.lease] AS lease_token, u.*
    FROM unnest($3::int[], $4::uuid[], $5::text[], $6::int[], $7::text[], $8::text[], $9::text[],
      $10::timestamptz[], $11::timestamptz[]) WITH ORDINALITY
      AS u(lease, id, outcome, code, enhanced_code, error_code, reply, began_at, ended_at, place)
  ) r
  WHERE ${sameTenant('j.tenant_id', 'r.tenant_id')} AND j.id = r.id AND j.lease_token = r.lease_token
    AND (r.outcome = 'succeeded') <> (j.job_type = ANY($12::text[]))
  RETURNING j.tenant_id, j.id, j.job_type, j.queue, r.outcome, j.priority,
    j.attempts + 1 AS attempts, j.max_attempts, j.lease_losses, j.scheduled_at, j.started_at,
    j.created_at, r.reply, r.error_code, j.progress, j.correlation_id, j.group_id, j.redriven_from,
    j.leased_by, greatest(j.started_at, least(r.began_at, now())) AS try_started_at,
    greatest(j.started_at, least(greatest(r.began_at, r.ended_at), now())) AS try_finished_at,
    r.code, r.enhanced_code, r.ended_at, r.place
), kept AS (
  INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, created_at, error_message,
    last_error_code, progress, correlation_id, group_id, redriven_from, leased_by, try_started_at,
    try_finished_at, code, enhanced_code)
  SELECT tenant_id, id, job_type, queue, 'completed', outcome, priority, attempts,
    max_attempts, lease_losses, scheduled_at, started_at, created_at, reply,
    error_code, progress, correlation_id, group_id, redriven_from, leased_by, try_started_at,
    try_finished_at, code, enhanced_code
  FROM done
)
SELECT job_type AS type, attempts, CASE WHEN redriven_from IS NULL THEN group_id END AS "groupId",
  nullif(try_finished_at, ended_at) AS "finishedAt", json_agg(place - 1) AS places
FROM done GROUP BY 1, 2, 3, 4`;

const RECORD_TRIES = `
INSERT INTO job_attempts (tenant_id, job_id, attempt, outcome, code, enhanced_code, error_code,
  reply, leased_by, started_at, finished_at)
SELECT t.tenant_id, t.job_id, t.attempt, t.outcome, t.code, t.enhanced_code, t.error_code,
  t.reply, t.leased_by, t.started_at, t.finished_at
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::int[], $6::text[], $7::text[],
  $8::text[], $9::text[], $10::timestamptz[], $11::timestamptz[])
  AS t(tenant_id, job_id, attempt, outcome, code, enhanced_code, error_code, reply, leased_by,
    started_at, finished_at)`;

/** Back to waiting: after the delay, by the database's clock, or at the time it already had. */
const RELEASE = `
UPDATE job_queue j
SET status = 'pending', lease_token = NULL, lease_expires_at = NULL, leased_by = NULL,
  attempts = r.attempts, unknown_outcomes = r.unknown_outcomes, returns = r.returns,
  scheduled_at = coalesce(now() + r.delay * interval '1 second', j.scheduled_at),
  last_error_code = coalesce(r.error_code, j.last_error_code),
  error_message = coalesce(r.error_message, j.error_message)
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::int[], $5::float8[], $6::text[], $7::text[],
  $8::int[])
  AS r(tenant_id, id, attempts, unknown_outcomes, delay, error_code, error_message, returns)
WHERE j.tenant_id = r.tenant_id AND j.id = r.id`;

/** Jobs that have just been completed, as far as they have that in common. */
export interface CompletedJobs {
  readonly results: readonly FinishResult[];
  readonly type: string;
  /** With the last try. */
  readonly attempts: number;
  readonly groupId: string | null;
  /** null: when its worker says. */
  readonly finishedAt: Date | null;
}

/** A locked job with the database's clock: no try ends later. */
export interface HeldJob extends RunningJob {
  readonly now: Date;
}

/** Statements of finishing, over all tenants. */
@Injectable()
export class FinishSystemRepository {
  /**
   * Moves completed jobs to history. Left out are those that are held no more under their token, and
   * those whose type cannot mean the outcome.
   */
  async complete(
    tx: SystemTransaction,
    results: readonly FinishResult[],
  ): Promise<CompletedJobs[]> {
    if (results.length === 0) return [];
    const ordered = resultsInLockOrder(results);
    const { rows } = await tx.query<Omit<CompletedJobs, 'results'> & { places: number[] }>(
      COMPLETE,
      [...resultColumns(ordered), DELIVERY_TYPES],
      { name: 'jobs-complete' },
    );
    return rows.map(({ places, ...common }) => ({
      ...common,
      results: places.map((place) => ordered[place]),
    }));
  }

  async lockHeld(tx: SystemTransaction, results: readonly FinishResult[]): Promise<HeldJob[]> {
    if (results.length === 0) return [];
    const ordered = resultsInLockOrder(results);
    const { rows } = await tx.query<HeldJob>(
      LOCK_HELD,
      [
        ordered.map((each) => each.tenant_id),
        ordered.map((each) => each.job_id),
        ordered.map((each) => each.lease_token),
      ],
      { name: 'jobs-lock-held' },
    );
    return rows;
  }

  async recordTries(tx: SystemTransaction, tries: readonly FinishedTry[]): Promise<void> {
    if (tries.length === 0) return;
    await tx.query(
      RECORD_TRIES,
      [
        tries.map((each) => each.tenantId),
        tries.map((each) => each.jobId),
        tries.map((each) => each.attempt),
        tries.map((each) => each.outcome),
        tries.map((each) => each.code),
        tries.map((each) => each.enhancedCode),
        tries.map((each) => each.errorCode),
        tries.map((each) => each.reply),
        tries.map((each) => each.leasedBy),
        tries.map((each) => each.startedAt),
        tries.map((each) => each.finishedAt),
      ],
      { name: 'jobs-record-tries' },
    );
  }

  /** Gives jobs back to waiting. The caller has locked the rows. */
  async release(tx: SystemTransaction, releases: readonly Release[]): Promise<void> {
    if (releases.length === 0) return;
    await tx.query(RELEASE, [
      releases.map((each) => each.tenantId),
      releases.map((each) => each.jobId),
      releases.map((each) => each.attempts),
      releases.map((each) => each.unknownOutcomes),
      releases.map((each) => each.delaySeconds),
      releases.map((each) => each.errorCode),
      releases.map((each) => each.errorMessage),
      releases.map((each) => each.returns),
    ]);
  }
}

/** As `inLockOrder`. */
function resultsInLockOrder(results: readonly FinishResult[]): FinishResult[] {
  return [...results].sort(
    (a, b) => compareIds(a.tenant_id, b.tenant_id) || compareIds(a.job_id, b.job_id),
  );
}
