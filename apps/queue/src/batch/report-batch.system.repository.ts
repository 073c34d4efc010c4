import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { batchesInLockOrder, type BatchKey } from './batch-key.js';
import type { BatchEndStatus } from './batch.js';
import type { BatchClaim } from './batch-lease.system.repository.js';
import { HOT_BATCH_COLUMNS, type HotBatch, type RunningBatch } from './running-batch.js';

/** Only rows that still hold the finisher's token. */
const LOCK_HELD = `
SELECT ${HOT_BATCH_COLUMNS}
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS r(tenant_id, id, lease_token)
JOIN job_batches j
  ON j.tenant_id = r.tenant_id AND j.id = r.id AND j.lease_token = r.lease_token
FOR UPDATE OF j`;

const LOCK_NAMED = `
SELECT ${HOT_BATCH_COLUMNS}
FROM unnest($1::uuid[], $2::uuid[]) AS w(tenant_id, id)
JOIN job_batches j ON j.tenant_id = w.tenant_id AND j.id = w.id
FOR UPDATE OF j`;

/**
 * A checkpoint that changes nothing but `done`: HOT. Of outcomes that were reported before, only those
 * are added that the row has not.
 */
const APPEND = `
UPDATE job_batches j
SET done = j.done || substring(r.outcomes FROM octet_length(j.done) - r.begins + 1)
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::bytea[])
  AS r(tenant_id, id, lease_token, begins, outcomes)
WHERE j.tenant_id = r.tenant_id AND j.id = r.id AND j.lease_token = r.lease_token
  AND r.begins <= octet_length(j.done)
  AND r.begins + octet_length(r.outcomes) <= j.lease_to
RETURNING j.tenant_id AS "tenantId", j.id AS "batchId", octet_length(j.done) AS done`;

/** Rows that the caller has locked. Without a delay no indexed column changes: HOT. */
const STEP = `
UPDATE job_batches j
SET done = j.done || s.added, attempts = j.attempts + s.is_released::int,
  returns = coalesce(s.returns, j.returns),
  scheduled_at = coalesce(now() + s.delay * interval '1 second', j.scheduled_at),
  lease_token = CASE WHEN s.is_released THEN NULL ELSE j.lease_token END,
  lease_expires_at = CASE WHEN s.is_released THEN NULL ELSE j.lease_expires_at END,
  leased_by = CASE WHEN s.is_released THEN NULL ELSE j.leased_by END,
  lease_to = CASE WHEN s.is_released THEN NULL ELSE j.lease_to END
FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::bool[], $5::int[], $6::float8[])
  AS s(tenant_id, id, added, is_released, returns, delay)
WHERE j.tenant_id = s.tenant_id AND j.id = s.id`;

const END = `
WITH ended AS (
  DELETE FROM job_batches j
  USING unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[], $5::int[], $6::int[])
    AS e(tenant_id, id, end_status, outcomes, tries, losses)
  WHERE j.tenant_id = e.tenant_id AND j.id = e.id
  RETURNING j.*, e.end_status, e.outcomes, e.tries, e.losses
)
INSERT INTO batch_history (tenant_id, id, job_type, queue, status, priority, n, outcomes, attempts,
  lease_losses, scheduled_at, started_at, created_at, correlation_id, group_id)
SELECT tenant_id, id, job_type, queue, end_status, priority, n, outcomes, tries,
  losses, scheduled_at, started_at, created_at, correlation_id, group_id
FROM ended`;

/** Outcomes of a run of ordinals, as bytes. */
export interface Appendix extends BatchClaim {
  readonly from: number;
  readonly outcomes: Buffer;
}

/** A batch that stays in the hot table. `returns` null: as it was. */
export interface BatchProgress extends BatchKey {
  readonly added: Buffer;
  readonly isReleased: boolean;
  readonly returns: number | null;
  readonly delaySeconds: number | null;
}

/** A batch that leaves it. */
export interface BatchEnd extends BatchKey {
  readonly status: BatchEndStatus;
  /** One byte for each recipient. */
  readonly outcomes: Buffer;
  readonly attempts: number;
  readonly leaseLosses: number;
}

/** Statements of checkpoints and ends, over all tenants. */
@Injectable()
export class ReportBatchSystemRepository {
  async lockHeld(tx: SystemTransaction, claims: readonly BatchClaim[]): Promise<RunningBatch[]> {
    const ordered = batchesInLockOrder(claims);
    const { rows } = await tx.query<RunningBatch>(
      LOCK_HELD,
      [...keysOf(ordered), ordered.map((claim) => claim.leaseToken)],
      { name: 'batches-lock-held' },
    );
    return rows;
  }

  /** Locks the named batches that no worker holds; a pair that names none is left out. */
  async lockWaiting(tx: SystemTransaction, keys: readonly BatchKey[]): Promise<HotBatch[]> {
    const { rows } = await tx.query<HotBatch>(LOCK_NAMED, keysOf(batchesInLockOrder(keys)));
    return rows.filter((batch) => batch.leasedBy === null);
  }

  /** @returns how far each batch is that took its outcomes; the others did not fit or are not held */
  async append(
    tx: SystemTransaction,
    appendices: readonly Appendix[],
  ): Promise<(BatchKey & { readonly done: number })[]> {
    const ordered = batchesInLockOrder(appendices);
    const { rows } = await tx.query<BatchKey & { done: number }>(
      APPEND,
      [
        ...keysOf(ordered),
        ordered.map((each) => each.leaseToken),
        ordered.map((each) => each.from),
        ordered.map((each) => each.outcomes),
      ],
      { name: 'batches-append' },
    );
    return rows;
  }

  async step(tx: SystemTransaction, steps: readonly BatchProgress[]): Promise<void> {
    if (steps.length === 0) return;
    await tx.query(
      STEP,
      [
        ...keysOf(steps),
        steps.map((each) => each.added),
        steps.map((each) => each.isReleased),
        steps.map((each) => each.returns),
        steps.map((each) => each.delaySeconds),
      ],
      { name: 'batches-step' },
    );
  }

  async end(tx: SystemTransaction, ends: readonly BatchEnd[]): Promise<void> {
    if (ends.length === 0) return;
    await tx.query(
      END,
      [
        ...keysOf(ends),
        ends.map((each) => each.status),
        ends.map((each) => each.outcomes),
        ends.map((each) => each.attempts),
        ends.map((each) => each.leaseLosses),
      ],
      { name: 'batches-end' },
    );
  }
}

function keysOf(keys: readonly BatchKey[]): unknown[] {
  return [keys.map((key) => key.tenantId), keys.map((key) => key.batchId)];
}
