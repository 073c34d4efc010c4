import type { BatchKey } from './batch-key.js';

/** What reports, the rescuer and a cancel read of a locked row. */
export interface HotBatch extends BatchKey {
  readonly type: string;
  readonly itemType: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly rateKey: string;
  readonly priority: number;
  /** UTC, as the database writes it. */
  readonly scheduledAt: string;
  readonly n: number;
  /** Tries of each recipient. */
  readonly maxAttempts: number;
  /** One byte for each ordinal that has its outcome. */
  readonly done: Buffer;
  readonly inDoubtTo: number;
  readonly attempts: number;
  readonly leaseLosses: number;
  readonly returns: number;
  readonly groupId: string | null;
  readonly correlationId: string | null;
  readonly traceparent: string | null;
  readonly createdAt: Date;
  /** null while it waits. */
  readonly leasedBy: string | null;
}

/** One that a worker holds. */
export interface RunningBatch extends HotBatch {
  readonly leasedBy: string;
  readonly leaseTo: number;
  /** When it was leased first. */
  readonly startedAt: Date;
  /** When it was leased last; null: by a version that did not note it. */
  readonly leasedAt: Date | null;
}

/** The columns of both, for a row named j. */
export const HOT_BATCH_COLUMNS = `
  j.tenant_id AS "tenantId", j.id AS "batchId", j.job_type AS type, j.item_type AS "itemType",
  j.payload, j.rate_key AS "rateKey", j.priority,
  (j.scheduled_at AT TIME ZONE 'UTC')::text AS "scheduledAt", j.n, j.max_attempts AS "maxAttempts",
  j.done, j.in_doubt_to AS "inDoubtTo", j.attempts, j.lease_losses AS "leaseLosses", j.returns,
  j.group_id AS "groupId", j.correlation_id AS "correlationId", j.traceparent,
  j.created_at AS "createdAt", j.leased_by AS "leasedBy", j.lease_to AS "leaseTo",
  j.started_at AS "startedAt", j.leased_at AS "leasedAt"`;
