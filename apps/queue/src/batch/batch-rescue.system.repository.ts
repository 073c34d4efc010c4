import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { BatchKey } from './batch-key.js';
import type { LostBatch } from './batch-loss.js';
import { HOT_BATCH_COLUMNS, type RunningBatch } from './running-batch.js';

/** One by one in the order in which heartbeats and reports lock: they come all at once after an outage. */
const LOCK_RUNNING = `
WITH running AS MATERIALIZED (
  SELECT tenant_id, id FROM job_batches WHERE lease_token IS NOT NULL
)
SELECT j.tenant_id AS "tenantId", j.id AS "batchId"
FROM (SELECT * FROM running ORDER BY tenant_id, id) r CROSS JOIN LATERAL (
  SELECT b.tenant_id, b.id FROM job_batches b
  WHERE b.tenant_id = r.tenant_id AND b.id = r.id AND b.lease_token IS NOT NULL
  OFFSET 0 FOR UPDATE) j`;

const EXTEND = `
UPDATE job_batches b SET lease_expires_at = b.lease_expires_at + $3 * interval '1 millisecond'
FROM unnest($1::uuid[], $2::uuid[]) AS l(tenant_id, id)
WHERE b.tenant_id = l.tenant_id AND b.id = l.id`;

/**
 * Reads the table: no lease column is in an index, so that leasing is HOT, and there is one row for 500
 * recipients. A row that is being reported on right now is left to its holder.
 */
const LOCK_EXPIRED = `
SELECT ${HOT_BATCH_COLUMNS}
FROM job_batches j
WHERE j.lease_token IS NOT NULL AND j.lease_expires_at < $1
LIMIT $2
FOR UPDATE SKIP LOCKED`;

const LOSE_LEASES = `
UPDATE job_batches j
SET lease_token = NULL, lease_expires_at = NULL, leased_by = NULL, lease_to = NULL,
  lease_losses = j.lease_losses + 1, in_doubt_to = l.in_doubt_to
FROM unnest($1::uuid[], $2::uuid[], $3::int[]) AS l(tenant_id, id, in_doubt_to)
WHERE j.tenant_id = l.tenant_id AND j.id = l.id`;

/** The rescuer's statements about batches, over all tenants. */
@Injectable()
export class BatchRescueSystemRepository {
  /** Adds an outage to every running lease. One that is given meanwhile has not lived through it. */
  async extendAll(tx: SystemTransaction, outageMs: number): Promise<void> {
    const { rows } = await tx.query<BatchKey>(LOCK_RUNNING);
    const keys = [rows.map(({ tenantId }) => tenantId), rows.map(({ batchId }) => batchId)];
    await tx.query(EXTEND, [...keys, outageMs]);
  }

  /** Locks batches whose lease had run out at `at`, up to `limit`. */
  async lockExpired(tx: SystemTransaction, at: Date, limit: number): Promise<RunningBatch[]> {
    const { rows } = await tx.query<RunningBatch>(LOCK_EXPIRED, [at, limit]);
    return rows;
  }

  /** Makes batches ready again and counts the loss. The caller has locked the rows. */
  async loseLeases(tx: SystemTransaction, losses: readonly LostBatch[]): Promise<void> {
    if (losses.length === 0) return;
    await tx.query(LOSE_LEASES, [
      losses.map(({ batch }) => batch.tenantId),
      losses.map(({ batch }) => batch.batchId),
      losses.map(({ inDoubtTo }) => inDoubtTo),
    ]);
  }
}
