import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import {
  inLockOrder,
  type JobKey,
  UNFINISHED_JOB_COLUMNS,
  type UnfinishedJob,
} from '../job/unfinished-job.js';
import type { NewJob } from './new-job.js';
import {
  AFTER_COLUMNS,
  ALIKE_JOBS,
  alikeColumns,
  MIXED_JOBS,
  mixedColumns,
  ONE_JOB,
  valuesOfOne,
} from './new-job-columns.js';

const INSERT = `
INSERT INTO job_queue (tenant_id, id, job_type, payload, priority, max_attempts, scheduled_at,
  rate_key, domain_key, correlation_id, traceparent, dedupe_key, expires_at)
SELECT n.tenant_id, n.id, n.job_type, n.payload, n.priority, n.max_attempts,
  coalesce(n.scheduled_at, now()), n.rate_key, n.domain_key, n.correlation_id, n.traceparent,
  n.dedupe_key, greatest(now(), n.scheduled_at) + n.waiting_limit * interval '1 second'`;

const SINCE = `(now() AT TIME ZONE 'UTC')::text AS since`;

/**
 * One statement for jobs of many tenants. A job that is hot or finished already is left as it is:
 * the id of a job is the id of what it is about, so a repeated event finds it. History before
 * the birth of the oldest of them (the last value) cannot hold any, and the future holds none; a look-up
 * per job, as NOT EXISTS may become one pass over all that was finished today.
 */
const ENQUEUE_NAMED = `
WITH added AS (${INSERT} FROM ${MIXED_JOBS} n
WHERE (
  SELECT TRUE FROM job_history h
  WHERE h.tenant_id = n.tenant_id AND h.id = n.id
    AND h.completed_at >= $${AFTER_COLUMNS} AND h.completed_at < now() + interval '1 hour'
  LIMIT 1
) IS NULL
ON CONFLICT DO NOTHING
)
SELECT ${SINCE}`;

/**
 * The same for jobs whose ids were made for this very call: nobody else can have stored or finished one,
 * so nothing is looked up, and one that stands there all the same fails the statement.
 */
const ENQUEUE_FRESH = `WITH added AS (${INSERT} FROM ${MIXED_JOBS} n) SELECT ${SINCE}`;

/** Fresh jobs that have all but id and payload in common: what is common is read once. */
const ENQUEUE_ALIKE = `WITH added AS (${INSERT} FROM ${ALIKE_JOBS} n) SELECT ${SINCE}`;

/** One fresh job: lists of one would cost as much as the row. */
const ENQUEUE_ONE = `${INSERT} FROM ${ONE_JOB} n RETURNING ${SINCE}`;

/** What an enqueue did. */
export interface Enqueued {
  /** The time for which those are scheduled that are due at once. */
  readonly since: string;
}

/**
 * A row that another transaction is leasing is waited for. Which of them run is looked at afterwards:
 * a condition on the row beside its key leads the planner away from the key.
 */
const LOCK_NAMED = `
SELECT ${UNFINISHED_JOB_COLUMNS}
FROM unnest($1::uuid[], $2::uuid[]) AS w(tenant_id, id)
JOIN job_queue j ON j.tenant_id = w.tenant_id AND j.id = w.id
FOR UPDATE OF j`;

/** Puts jobs into the hot table, and finds those that may still be taken out. */
@Injectable()
export class EnqueueSystemRepository {
  /** Jobs named after what they are about: those that are there, or were once, are left out. */
  async enqueueNamed(
    tx: SystemTransaction,
    jobs: readonly NewJob[],
    bornAfter: Date,
  ): Promise<Enqueued> {
    const values = [...mixedColumns(jobs), bornAfter];
    return this.insert(tx, 'jobs-enqueue', ENQUEUE_NAMED, values);
  }

  /**
   * Jobs whose ids the caller has just made, and told nobody.
   * @throws a unique violation for an id that is there all the same; nothing is stored
   */
  async enqueueFresh(tx: SystemTransaction, jobs: readonly NewJob[]): Promise<Enqueued> {
    if (jobs.length === 1)
      return this.insert(tx, 'jobs-enqueue-one', ENQUEUE_ONE, valuesOfOne(jobs[0]));
    const alike = alikeColumns(jobs);
    if (alike) return this.insert(tx, 'jobs-enqueue-alike', ENQUEUE_ALIKE, alike);
    return this.insert(tx, 'jobs-enqueue-fresh', ENQUEUE_FRESH, mixedColumns(jobs));
  }

  /** Locks the named jobs that are not running; a pair that names none is left out. */
  async lockWaiting(tx: SystemTransaction, keys: readonly JobKey[]): Promise<UnfinishedJob[]> {
    const ordered = inLockOrder(keys);
    const { rows } = await tx.query<UnfinishedJob>(LOCK_NAMED, [
      ordered.map((key) => key.tenantId),
      ordered.map((key) => key.jobId),
    ]);
    return rows.filter((job) => job.leasedBy === null);
  }

  private async insert(
    tx: SystemTransaction,
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<Enqueued> {
    const { rows } = await tx.query<Enqueued>(text, values, { name });
    return rows[0];
  }
}
