import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { LeasedJob } from '../lease/leased-job.js';
import { type ClaimedLists, leasedJobs } from './claimed-lists.js';
import type { FoundLane, LaneQuota } from './lane-directory.js';
import { foundLane, type HeadRow, quotaColumns } from './lane-rows.js';

/**
 * The first row of each lane, by jumping from lane to lane through the index: its cost is the number of
 * lanes, not of jobs. Paused lanes are not shown.
 */
const LOOK = `
WITH RECURSIVE heads AS (
  (SELECT q.tenant_id, q.job_type, q.rate_key, q.priority, q.scheduled_at, q.id
   FROM job_queue q WHERE q.status = 'pending'
   ORDER BY q.tenant_id, q.job_type, q.rate_key, q.priority, q.scheduled_at, q.id LIMIT 1)
  UNION ALL
  SELECT n.* FROM heads h CROSS JOIN LATERAL (
    SELECT q.tenant_id, q.job_type, q.rate_key, q.priority, q.scheduled_at, q.id
    FROM job_queue q
    WHERE q.status = 'pending' AND (q.tenant_id, q.job_type, q.rate_key, q.priority)
      > (h.tenant_id, h.job_type, h.rate_key, h.priority)
    ORDER BY q.tenant_id, q.job_type, q.rate_key, q.priority, q.scheduled_at, q.id LIMIT 1
  ) n
)
SELECT h.tenant_id AS "tenantId", h.job_type AS type, h.rate_key AS "rateKey", h.priority,
  (h.scheduled_at AT TIME ZONE 'UTC')::text AS at, h.id,
  extract(epoch FROM h.scheduled_at - now())::float8 * 1000 AS "dueInMs"
FROM heads h
WHERE NOT EXISTS (SELECT FROM queue_controls c WHERE c.job_type = h.job_type AND c.paused)
  AND NOT EXISTS (SELECT FROM lane_pauses p WHERE p.tenant_id = h.tenant_id AND p.rate_key = '')
  AND NOT EXISTS (
    SELECT FROM lane_pauses p WHERE p.tenant_id = h.tenant_id AND p.rate_key = h.rate_key)`;

/**
 * The claim: of each lane the first ready jobs behind its cursor that nobody else is claiming right
 * now, in one statement. Paused lanes give nothing, from the commit of the pause on. $9 is the lease
 * in milliseconds, by the database's clock. It answers with one row, a list in each column: a
 * row for each job would cost the process more than all the rest of a claim.
 */
const CLAIM = `
WITH lane AS MATERIALIZED (
  SELECT l.* FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::timestamp[], $6::uuid[],
    $7::int[]) WITH ORDINALITY
    AS l(tenant_id, job_type, rate_key, priority, after_at, after_id, most, number)
  WHERE NOT EXISTS (SELECT FROM queue_controls c WHERE c.job_type = l.job_type AND c.paused)
    AND NOT EXISTS (SELECT FROM lane_pauses p WHERE p.tenant_id = l.tenant_id AND p.rate_key = '')
    AND NOT EXISTS (
      SELECT FROM lane_pauses p WHERE p.tenant_id = l.tenant_id AND p.rate_key = l.rate_key)
), next AS MATERIALIZED (
  SELECT f.place, f.limited_by, l.number FROM lane l CROSS JOIN LATERAL (
    SELECT q.ctid AS place, q.limited_by FROM job_queue q
    WHERE q.status = 'pending' AND q.tenant_id = l.tenant_id AND q.job_type = l.job_type
      AND q.rate_key = l.rate_key AND q.priority = l.priority AND q.scheduled_at <= now()
      AND (q.scheduled_at, q.id) > (l.after_at AT TIME ZONE 'UTC', l.after_id)
      AND (q.expires_at IS NULL OR q.expires_at > now())
    ORDER BY q.scheduled_at, q.id
    LIMIT l.most
    FOR UPDATE SKIP LOCKED
  ) f
), claimed AS (
  UPDATE job_queue j
  SET status = 'running', started_at = now(), lease_token = $8,
    lease_expires_at = now() + $9 * interval '1 millisecond', leased_by = $10, limited_by = NULL
  FROM next n
  WHERE j.ctid = n.place
  RETURNING n.number, j.id, j.payload, j.domain_key, j.scheduled_at, j.attempts, j.correlation_id,
    j.traceparent, j.created_at, j.lease_expires_at, n.limited_by IS NOT NULL AS was_put_off
)
SELECT min(lease_expires_at) AS "expiresAt", json_agg(number) AS lanes, json_agg(id) AS ids,
  json_agg(payload) AS payloads, json_agg(attempts) AS attempts,
  json_agg(date_part('epoch', scheduled_at) * 1000000) AS "scheduledAt",
  json_agg(date_part('epoch', created_at) * 1000) AS "createdAt",
  CASE WHEN count(domain_key) > 0 THEN json_agg(domain_key) END AS "domainKeys",
  CASE WHEN count(correlation_id) > 0 THEN json_agg(correlation_id) END AS "correlationIds",
  CASE WHEN count(traceparent) > 0 THEN json_agg(traceparent) END AS traceparents,
  CASE WHEN bool_or(was_put_off) THEN json_agg(was_put_off) END AS "wasPutOff"
FROM claimed HAVING count(*) > 0`;

/** For whom jobs are claimed, and for how long. */
export interface Claimer {
  readonly workerId: string;
  /** Fencing token of every job of this claim. */
  readonly leaseToken: string;
  readonly leaseMs: number;
}

/** Statements about lanes, over all tenants. */
@Injectable()
export class LaneSystemRepository {
  /** Every lane in which a job waits, with the first one's place. */
  async look(tx: SystemTransaction): Promise<FoundLane[]> {
    const { rows } = await tx.query<HeadRow>(LOOK, [], { name: 'lanes-look' });
    return rows.map(foundLane);
  }

  /** Gives ready jobs of the lanes to the claimer, in no order. */
  async claim(
    tx: SystemTransaction,
    quotas: readonly LaneQuota[],
    { workerId, leaseToken, leaseMs }: Claimer,
  ): Promise<LeasedJob[]> {
    const { rows } = await tx.query<ClaimedLists>(
      CLAIM,
      [...quotaColumns(quotas), leaseToken, leaseMs, workerId],
      { name: 'lanes-claim' },
    );
    return rows.flatMap((claimed) => leasedJobs(quotas, claimed));
  }
}
