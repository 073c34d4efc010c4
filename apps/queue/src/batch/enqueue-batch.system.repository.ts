import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { type BatchKey, batchesInLockOrder } from './batch-key.js';
import type { NewBatch } from './new-batch.js';

/** A batch that has to be stored with what its types say. */
export interface StoredBatch extends NewBatch {
  readonly itemType: string;
  readonly maxAttempts: number;
}

/**
 * One statement for batches of many tenants. One that is hot or finished already is left as it is.
 * History before the birth of the oldest of them ($15) cannot hold any.
 */
const ENQUEUE = `
INSERT INTO job_batches (tenant_id, id, job_type, item_type, payload, priority, scheduled_at,
  rate_key, storage_key, n, max_attempts, group_id, correlation_id, traceparent)
SELECT b.tenant_id, b.id, b.job_type, b.item_type, b.payload, b.priority,
  coalesce(b.scheduled_at, now()), b.rate_key, b.storage_key, b.n, b.max_attempts, b.group_id,
  b.correlation_id, b.traceparent
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::int[],
  $7::timestamptz[], $8::text[], $9::text[], $10::int[], $11::int[], $12::uuid[], $13::text[],
  $14::text[])
  AS b(tenant_id, id, job_type, item_type, payload, priority, scheduled_at, rate_key, storage_key,
    n, max_attempts, group_id, correlation_id, traceparent)
WHERE (
  SELECT TRUE FROM batch_history h
  WHERE h.tenant_id = b.tenant_id AND h.id = b.id
    AND h.completed_at >= $15 AND h.completed_at < now() + interval '1 hour'
  LIMIT 1
) IS NULL
ON CONFLICT (tenant_id, id) DO NOTHING
RETURNING tenant_id AS "tenantId", id AS "batchId"`;

/** Puts batches into the hot table, over all tenants. */
@Injectable()
export class EnqueueBatchSystemRepository {
  /** @returns the batches that are new */
  async enqueue(
    tx: SystemTransaction,
    batches: readonly StoredBatch[],
    bornAfter: Date,
  ): Promise<BatchKey[]> {
    const { rows } = await tx.query<BatchKey>(
      ENQUEUE,
      [...columnsOf(batchesInLockOrder(batches)), bornAfter],
      { name: 'batches-enqueue' },
    );
    return rows;
  }
}

function columnsOf(batches: readonly StoredBatch[]): unknown[] {
  return [
    batches.map((batch) => batch.tenantId),
    batches.map((batch) => batch.batchId),
    batches.map((batch) => batch.type),
    batches.map((batch) => batch.itemType),
    batches.map((batch) => JSON.stringify(batch.payload)),
    batches.map((batch) => batch.priority),
    batches.map((batch) => batch.scheduledAt),
    batches.map((batch) => batch.rateKey),
    batches.map((batch) => batch.storageKey),
    batches.map((batch) => batch.n),
    batches.map((batch) => batch.maxAttempts),
    batches.map((batch) => batch.group?.id ?? null),
    batches.map((batch) => batch.correlationId),
    batches.map((batch) => batch.traceparent),
  ];
}
