import type { TenantTransaction } from '@penguinmails/database';
import type { ActivityIncrement, ActivityKind } from './email-activity.js';

/** Hourly counts of what happened to e-mails. */
export class ActivityRepository {
  /**
   * Adds to the hours' counters; `kind` is one of a fixed list, so it may stand in the text. From here
   * on the tenant's counters are this transaction's alone: slices of several partitions add to the same
   * hours and months in any order, and would wait for each other's rows.
   */
  async add(
    tx: TenantTransaction,
    kind: ActivityKind,
    increments: readonly ActivityIncrement[],
  ): Promise<void> {
    const column = `${kind}_count`;
    await tx.query(
      `INSERT INTO email_activity_hourly AS a (tenant_id, bucket, mode, ${column}, accepted_bytes)
       SELECT $1, i.bucket, i.mode, i.count, i.bytes
       FROM pg_advisory_xact_lock(hashtextextended($3, 0)),
         jsonb_to_recordset($2) AS i(bucket timestamptz, mode text, count integer, bytes bigint)
       ON CONFLICT (tenant_id, bucket, mode) DO UPDATE
       SET ${column} = a.${column} + EXCLUDED.${column},
           accepted_bytes = a.accepted_bytes + EXCLUDED.accepted_bytes`,
      [tx.tenantId, JSON.stringify(increments), `counters of ${tx.tenantId}`],
    );
  }
}
