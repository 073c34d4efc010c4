import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { FoundLane, LaneQuota } from '../lane/lane-directory.js';
import { foundLane, type HeadRow, quotaColumns } from '../lane/lane-rows.js';
import type { Claimer } from '../lane/lane.system.repository.js';
import type { LeasedBatch } from './leased-batch.js';

/**
 * The first waiting row of each lane, by jumping from lane to lane through the index. Running rows stand
 * in it too (no lease column is in any index, so that leasing is HOT) and are walked over: there are no
 * more of them than workers hold. Paused lanes are not shown.
 */
const LOOK = `
WITH RECURSIVE heads AS (
  (SELECT b.tenant_id, b.job_type, b.rate_key, b.priority, b.scheduled_at, b.id
   FROM job_batches b WHERE b.lease_token IS NULL
   ORDER BY b.tenant_id, b.job_type, b.rate_key, b.priority, b.scheduled_at, b.id LIMIT 1)
  UNION ALL
  SELECT n.* FROM heads h CROSS JOIN LATERAL (
    SELECT b.tenant_id, b.job_type, b.rate_key, b.priority, b.scheduled_at, b.id
    FROM job_batches b
    WHERE b.lease_token IS NULL AND (b.tenant_id, b.job_type, b.rate_key, b.priority)
      > (h.tenant_id, h.job_type, h.rate_key, h.priority)
    ORDER BY b.tenant_id, b.job_type, b.rate_key, b.priority, b.scheduled_at, b.id LIMIT 1
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
 * The claim: of each lane the first ready batches behind its cursor that nobody else is claiming right
 * now, in one statement, as far as the recipients that the lane's limits allow go: the last batch may
 * be leased in part. Paused lanes give nothing, from the commit of the pause on.
 */
const CLAIM = `
WITH lane AS MATERIALIZED (
  SELECT l.* FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::timestamp[], $6::uuid[],
    $7::int[], $8::int[])
    WITH ORDINALITY AS l(tenant_id, job_type, rate_key, priority, after_at, after_id, most,
      recipients, nth)
  WHERE NOT EXISTS (SELECT FROM queue_controls c WHERE c.job_type = l.job_type AND c.paused)
    AND NOT EXISTS (SELECT FROM lane_pauses p WHERE p.tenant_id = l.tenant_id AND p.rate_key = '')
    AND NOT EXISTS (
      SELECT FROM lane_pauses p WHERE p.tenant_id = l.tenant_id AND p.rate_key = l.rate_key)
), front AS MATERIALIZED (
  SELECT l.nth, l.recipients, f.* FROM lane l CROSS JOIN LATERAL (
    SELECT b.ctid AS place, octet_length(b.done) AS resume_at, b.n, b.scheduled_at, b.id
    FROM job_batches b
    WHERE b.lease_token IS NULL AND b.tenant_id = l.tenant_id AND b.job_type = l.job_type
      AND b.rate_key = l.rate_key AND b.priority = l.priority AND b.scheduled_at <= now()
      AND (b.scheduled_at, b.id) > (l.after_at AT TIME ZONE 'UTC', l.after_id)
    ORDER BY b.scheduled_at, b.id
    LIMIT l.most
    FOR UPDATE SKIP LOCKED
  ) f
), counted AS MATERIALIZED (
  SELECT f.place, f.resume_at, f.n, f.recipients - coalesce(sum(f.n - f.resume_at) OVER (
    PARTITION BY f.nth ORDER BY f.scheduled_at, f.id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::int AS left_over
  FROM front f
)
UPDATE job_batches j
SET started_at = coalesce(j.started_at, now()), leased_at = now(), lease_token = $9,
  lease_expires_at = now() + $10 * interval '1 millisecond', leased_by = $11,
  lease_to = least(c.n, c.resume_at + c.left_over)
FROM counted c
WHERE j.ctid = c.place AND c.left_over > 0
RETURNING j.tenant_id AS "tenantId", j.id AS "batchId", j.job_type AS type, j.payload,
  j.rate_key AS "rateKey", j.storage_key AS "storageKey", j.priority,
  (j.scheduled_at AT TIME ZONE 'UTC')::text AS "scheduledAt", j.n,
  octet_length(j.done) AS "resumeAt", j.lease_to AS "leaseTo", j.in_doubt_to AS "inDoubtTo",
  j.attempts + 1 AS attempt, j.correlation_id AS "correlationId", j.traceparent,
  j.created_at AS "createdAt", j.leased_at AS "leasedAt", j.lease_expires_at AS "expiresAt"`;

/** A lane and how many batches (`most`) and recipients may be taken of it. */
export interface BatchQuota extends LaneQuota {
  readonly recipients: number;
}

/** Statements about lanes of batches, over all tenants. */
@Injectable()
export class BatchLaneSystemRepository {
  /** Every lane in which a batch waits, with the first one's place. */
  async look(tx: SystemTransaction): Promise<FoundLane[]> {
    const { rows } = await tx.query<HeadRow>(LOOK, [], { name: 'batch-lanes-look' });
    return rows.map(foundLane);
  }

  /** Gives ready batches of the lanes to the claimer, in no order. */
  async claim(
    tx: SystemTransaction,
    quotas: readonly BatchQuota[],
    { workerId, leaseToken, leaseMs }: Claimer,
  ): Promise<LeasedBatch[]> {
    const { rows } = await tx.query<LeasedBatch>(
      CLAIM,
      [
        ...quotaColumns(quotas),
        quotas.map(({ recipients }) => recipients),
        leaseToken,
        leaseMs,
        workerId,
      ],
      { name: 'batch-lanes-claim' },
    );
    return rows;
  }
}
