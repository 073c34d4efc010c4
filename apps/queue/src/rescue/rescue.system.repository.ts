import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { type JobKey, UNFINISHED_JOB_COLUMNS, type RunningJob } from '../job/unfinished-job.js';

/** Silence of the clock that counts as an outage of the queue service, in milliseconds. */
export const OUTAGE_MS = 3000;

/** The time of a stamp, and the outage that it ended, in milliseconds (0: none). */
export interface Stamp {
  readonly stampedAt: Date;
  readonly outageMs: number;
}

/** Taken by one round at a time, until its transaction ends; never waits. */
export const LEADS = `pg_try_advisory_xact_lock(hashtextextended('penguinmails.queue.rescue', 0))`;

const TRY_LEAD = `SELECT ${LEADS} AS leads`;

/** clock_timestamp(): now() is the transaction's start, which may be long before. */
const STAMP = `
WITH before AS (
  SELECT c.stamped_at, clock_timestamp() AS seen_at FROM queue_clock c WHERE c.id FOR UPDATE
), outage AS (
  SELECT stamped_at, seen_at,
    CASE WHEN seen_at - stamped_at > $2 * interval '1 millisecond'
      THEN seen_at - stamped_at END AS gap
  FROM before
)
UPDATE queue_clock c
SET stamped_at = o.seen_at, stamped_by = $1,
  gaps = c.gaps + (o.gap IS NOT NULL)::int,
  last_gap_at = CASE WHEN o.gap IS NULL THEN c.last_gap_at ELSE o.seen_at END,
  last_gap = coalesce(o.gap, c.last_gap)
FROM outage o
WHERE c.id
RETURNING c.stamped_at AS "stampedAt",
  coalesce(extract(epoch FROM o.gap) * 1000, 0)::float8 AS "outageMs"`;

const FIRST_STAMP = `
INSERT INTO queue_clock (stamped_at, stamped_by) VALUES (clock_timestamp(), $1)
ON CONFLICT (id) DO NOTHING
RETURNING stamped_at AS "stampedAt", 0::float8 AS "outageMs"`;

/** One by one in the order in which heartbeats and results lock: they come all at once after an outage. */
const LOCK_RUNNING = `
WITH running AS MATERIALIZED (
  SELECT tenant_id, id FROM job_queue WHERE status = 'running'
)
SELECT j.tenant_id AS "tenantId", j.id AS "jobId"
FROM (SELECT * FROM running ORDER BY tenant_id, id) r CROSS JOIN LATERAL (
  SELECT q.tenant_id, q.id FROM job_queue q
  WHERE q.tenant_id = r.tenant_id AND q.id = r.id AND q.status = 'running'
  OFFSET 0 FOR UPDATE) j`;

const EXTEND = `
UPDATE job_queue j SET lease_expires_at = j.lease_expires_at + $3 * interval '1 millisecond'
FROM unnest($1::uuid[], $2::uuid[]) AS l(tenant_id, id)
WHERE j.tenant_id = l.tenant_id AND j.id = l.id`;

/** A row that is being finished right now is left to its finisher. */
const LOCK_EXPIRED = `
SELECT ${UNFINISHED_JOB_COLUMNS}
FROM job_queue j
WHERE j.status = 'running' AND j.lease_expires_at < $1
LIMIT $2
FOR UPDATE SKIP LOCKED`;

/**
 * The first loss costs no time. From the second one on each job waits for a random while, up to 10 s:
 * jobs that come back together are leased together, and would all be buried with the one that kills
 * their workers.
 */
const LOSE_LEASES = `
UPDATE job_queue j
SET status = 'pending', lease_token = NULL, lease_expires_at = NULL, leased_by = NULL,
  lease_losses = j.lease_losses + 1,
  scheduled_at = CASE WHEN j.lease_losses = 0 THEN j.scheduled_at
    ELSE now() + random() * least(10, power(2, j.lease_losses)) * interval '1 second' END
FROM unnest($1::uuid[], $2::uuid[]) AS l(tenant_id, id)
WHERE j.tenant_id = l.tenant_id AND j.id = l.id`;

/** Statements of the clock and the rescuer, over all tenants. */
@Injectable()
export class RescueSystemRepository {
  /** Whether this transaction leads; it does until it ends. Never waits. */
  async tryLead(tx: SystemTransaction): Promise<boolean> {
    const { rows } = await tx.query<{ leads: boolean }>(TRY_LEAD);
    return rows[0].leads;
  }

  /** Stamps the clock and tells how long it had been silent. */
  async stamp(tx: SystemTransaction, stampedBy: string): Promise<Stamp> {
    const stamped = await tx.query<Stamp>(STAMP, [stampedBy, OUTAGE_MS]);
    if (stamped.rowCount > 0) return stamped.rows[0];
    const first = await tx.query<Stamp>(FIRST_STAMP, [stampedBy]);
    return first.rows[0];
  }

  /** Adds an outage to every running lease. One that is given meanwhile has not lived through it. */
  async extendAll(tx: SystemTransaction, outageMs: number): Promise<void> {
    const { rows } = await tx.query<JobKey>(LOCK_RUNNING);
    await tx.query(EXTEND, [...keyColumns(rows), outageMs]);
  }

  /** Locks jobs whose lease had run out at `at`, up to `limit`. */
  async lockExpired(tx: SystemTransaction, at: Date, limit: number): Promise<RunningJob[]> {
    const { rows } = await tx.query<RunningJob>(LOCK_EXPIRED, [at, limit]);
    return rows;
  }

  /** Makes jobs ready again and counts the loss. The caller has locked the rows. */
  async loseLeases(tx: SystemTransaction, jobs: readonly JobKey[]): Promise<void> {
    if (jobs.length === 0) return;
    await tx.query(LOSE_LEASES, keyColumns(jobs));
  }
}

function keyColumns(jobs: readonly JobKey[]): string[][] {
  return [jobs.map((job) => job.tenantId), jobs.map((job) => job.jobId)];
}
