import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import {
  inLockOrder,
  type JobKey,
  UNFINISHED_JOB_COLUMNS,
  type UnfinishedJob,
} from '../job/unfinished-job.js';
import type { NewJob } from './new-job.js';

const INSERT = `
INSERT INTO job_queue (tenant_id, id, job_type, payload, priority, max_attempts, scheduled_at,
  rate_key, domain_key, correlation_id, traceparent, dedupe_key, expires_at)
SELECT n.tenant_id, n.id, n.job_type, n.payload, n.priority, n.max_attempts,
  coalesce(n.scheduled_at, now()), n.rate_key, n.domain_key, n.correlation_id, n.traceparent,
  n.dedupe_key, greatest(now(), n.scheduled_at) + n.waiting_limit * interval '1 second'`;

const COLUMNS = `n(tenant_id, id, job_type, payload, priority, max_attempts, scheduled_at, rate_key,
  domain_key, correlation_id, traceparent, dedupe_key, waiting_limit)`;

const MANY = `
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::jsonb[], $5::int[], $6::int[],
  $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[],
  $12::text[], $13::int[]) AS ${COLUMNS}`;

const SINCE = `(now() AT TIME ZONE 'UTC')::text AS since`;

/**
 * One statement for jobs of many tenants. A job that is hot or finished already is left as it is:
 * the id of a job is the id of what it is about, so a repeated event finds it. History before
 * the birth of the oldest of them ($14) cannot hold any, and the future holds none; a look-up per job, as
 * NOT EXISTS may become one pass over all that was finished today.
 */
const ENQUEUE_NAMED = `
WITH added AS (${INSERT}${MANY}
WHERE (
  SELECT TRUE FROM job_history h
  WHERE h.tenant_id = n.tenant_id AND h.id = n.id
    AND h.completed_at >= $14 AND h.completed_at < now() + interval '1 hour'
  LIMIT 1
) IS NULL
ON CONFLICT DO NOTHING
RETURNING 1
)
SELECT count(*)::int AS added, ${SINCE} FROM added`;

/**
 * The same for jobs whose ids were made for this very call: nobody else can have stored or finished one,
 * so nothing is looked up, and one that stands there all the same fails the statement.
 */
const ENQUEUE_FRESH = `
WITH added AS (${INSERT}${MANY}
RETURNING 1
)
SELECT count(*)::int AS added, ${SINCE} FROM added`;

/** One fresh job: arrays of one would cost as much as the row. */
const ENQUEUE_ONE = `${INSERT}
FROM (SELECT $1::uuid, $2::uuid, $3::text, $4::jsonb, $5::int, $6::int, $7::timestamptz, $8::text,
  $9::text, $10::text, $11::text, $12::text, $13::int) AS ${COLUMNS}
RETURNING 1 AS added, ${SINCE}`;

/** What an enqueue did. `since`: the time for which those are scheduled that are due at once. */
export interface Enqueued {
  /** How many jobs are new. */
  readonly added: number;
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
    const { rows } = await tx.query<Enqueued>(ENQUEUE_NAMED, [...columnsOf(jobs), bornAfter], {
      name: 'jobs-enqueue',
    });
    return rows[0];
  }

  /**
   * Jobs whose ids the caller has just made, and told nobody.
   * @throws a unique violation for an id that is there all the same; nothing is stored
   */
  async enqueueFresh(tx: SystemTransaction, jobs: readonly NewJob[]): Promise<Enqueued> {
    const { rows } =
      jobs.length === 1
        ? await tx.query<Enqueued>(ENQUEUE_ONE, valuesOf(jobs[0]), { name: 'jobs-enqueue-one' })
        : await tx.query<Enqueued>(ENQUEUE_FRESH, columnsOf(jobs), { name: 'jobs-enqueue-fresh' });
    return rows[0];
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
}

function valuesOf(job: NewJob): unknown[] {
  return columnsOf([job]).map(([value]) => value);
}

/** In the order of COLUMNS. */
function columnsOf(jobs: readonly NewJob[]): unknown[][] {
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
    jobs.map((job) => job.dedupeKey ?? null),
    jobs.map((job) => job.waitingLimitSeconds ?? null),
  ];
}
