import type { SystemTransaction } from '@penguinmails/database';
import { lockCounters } from '../persistence/lock-counters.js';
import type { ActivityIncrement, ActivityKind } from './email-activity.js';

/** Hourly counts of what happened to e-mails, of all tenants. */
export class ActivitySystemRepository {
  /**
   * Adds to the hours' counters, a slice of tenants in one statement; `kind` is one of a fixed list,
   * so it may stand in the text. While one slice commits, the events of the others gather to larger ones.
   */
  async add(
    tx: SystemTransaction,
    kind: ActivityKind,
    increments: readonly ActivityIncrement[],
  ): Promise<void> {
    await lockCounters(tx);
    const column = `${kind}_count`;
    await tx.query(
      `INSERT INTO email_activity_hourly AS a (tenant_id, bucket, mode, ${column}, accepted_bytes)
       SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::int[], $5::bigint[])
       ON CONFLICT (tenant_id, bucket, mode) DO UPDATE
       SET ${column} = a.${column} + EXCLUDED.${column},
           accepted_bytes = a.accepted_bytes + EXCLUDED.accepted_bytes`,
      [
        increments.map(({ tenantId }) => tenantId),
        increments.map(({ bucket }) => bucket),
        increments.map(({ mode }) => mode),
        increments.map(({ count }) => count),
        increments.map(({ bytes }) => bytes),
      ],
      { name: `activity-${kind}` },
    );
  }
}
