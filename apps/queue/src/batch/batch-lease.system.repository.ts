import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { batchesInLockOrder, type BatchKey } from './batch-key.js';
import type { HeldBatch } from './leased-batch.js';

const RENEW = `
UPDATE job_batches j SET lease_expires_at = now() + $4 * interval '1 millisecond'
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS h(tenant_id, id, lease_token)
WHERE j.tenant_id = h.tenant_id AND j.id = h.id AND j.lease_token = h.lease_token
RETURNING j.tenant_id AS "tenantId", j.id AS "batchId", j.payload, j.storage_key AS "storageKey",
  j.lease_token AS "leaseToken", j.lease_expires_at AS "expiresAt"`;

const GIVE_BACK = `
UPDATE job_batches j
SET lease_token = NULL, lease_expires_at = NULL, leased_by = NULL, lease_to = NULL
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS r(tenant_id, id, lease_token)
WHERE j.tenant_id = r.tenant_id AND j.id = r.id AND j.lease_token = r.lease_token`;

/** A batch and the token under which somebody says to hold it. */
export interface BatchClaim extends BatchKey {
  readonly leaseToken: string;
}

/** Statements about leases of batches, over all tenants. */
@Injectable()
export class BatchLeaseSystemRepository {
  /** Extends the leases that are still held under their token; the others are not answered. */
  async renew(
    tx: SystemTransaction,
    held: readonly BatchClaim[],
    leaseMs: number,
  ): Promise<HeldBatch[]> {
    const { rows } = await tx.query<HeldBatch>(RENEW, [...columnsOf(held), leaseMs]);
    return rows;
  }

  /** Makes batches ready again that were claimed and reached nobody. */
  async giveBack(tx: SystemTransaction, claims: readonly BatchClaim[]): Promise<void> {
    await tx.query(GIVE_BACK, columnsOf(claims));
  }
}

function columnsOf(claims: readonly BatchClaim[]): unknown[] {
  const ordered = batchesInLockOrder(claims);
  return [
    ordered.map((claim) => claim.tenantId),
    ordered.map((claim) => claim.batchId),
    ordered.map((claim) => claim.leaseToken),
  ];
}
