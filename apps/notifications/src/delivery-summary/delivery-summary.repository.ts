import type { TenantTransaction } from '@penguinmails/database';

export type SummaryKind = 'delivered' | 'bounced' | 'failed';

/** How many ended so on a day, `YYYY-MM-DD`, UTC. */
export interface DayCount {
  readonly day: string;
  readonly count: number;
}

/** Deliveries per tenant and day, and the one notification that tells of them. */
export class DeliverySummaryRepository {
  /** Adds to the days' counters; `kind` is one of a fixed list, so it may stand in the text. */
  async count(
    tx: TenantTransaction,
    kind: SummaryKind,
    counts: readonly DayCount[],
  ): Promise<void> {
    await tx.query(
      `INSERT INTO delivery_days AS d (tenant_id, day, ${kind})
       SELECT $1, i.day, i.count FROM jsonb_to_recordset($2) AS i(day date, count integer)
       ON CONFLICT (tenant_id, day) DO UPDATE
       SET ${kind} = d.${kind} + EXCLUDED.${kind}, updated_at = now()`,
      [tx.tenantId, JSON.stringify(counts)],
    );
  }

  /**
   * Writes or rewrites the notification of these days (null: of all) for each owner. A summary that
   * was read stays read: it is one row a day, not an alarm.
   */
  async announce(tx: TenantTransaction, days: readonly string[] | null): Promise<void> {
    await tx.query(
      `INSERT INTO notifications AS n
         (tenant_id, user_id, type, title, message, dedupe_key, occurrences)
       SELECT $1, r.user_id, 'delivery_summary', 'Delivery summary for ' || d.day,
              format('%s delivered, %s bounced, %s failed', d.delivered, d.bounced, d.failed),
              d.day::text, d.delivered + d.bounced + d.failed
       FROM delivery_days d JOIN recipients r USING (tenant_id)
       WHERE d.tenant_id = $1 AND r.role = 'owner'
         AND ($2::date[] IS NULL OR d.day = ANY ($2::date[]))
       ON CONFLICT (tenant_id, user_id, type, dedupe_key) DO UPDATE
       SET message = EXCLUDED.message, occurrences = EXCLUDED.occurrences, last_seen_at = now(),
           updated_at = now(), row_version = n.row_version + 1`,
      [tx.tenantId, days],
    );
  }
}
