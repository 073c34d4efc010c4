import type { TenantTransaction } from '@penguinmails/database';

/**
 * The parts of the statement that announces days, for rows d of delivery_days and r of recipients. A
 * summary that was read stays read: it is one row a day, not an alarm.
 */
export const ANNOUNCE = {
  select: `INSERT INTO notifications AS n
         (tenant_id, user_id, type, title, message, dedupe_key, occurrences)
       SELECT d.tenant_id, r.user_id, 'delivery_summary', 'Delivery summary for ' || d.day,
              format('%s delivered, %s bounced, %s failed', d.delivered, d.bounced, d.failed),
              d.day::text, d.delivered + d.bounced + d.failed`,
  onConflict: `ON CONFLICT (tenant_id, user_id, type, dedupe_key) DO UPDATE
       SET message = EXCLUDED.message, occurrences = EXCLUDED.occurrences, last_seen_at = now(),
           updated_at = now(), row_version = n.row_version + 1`,
} as const;

/** The notifications that tell one tenant's owners of its deliveries. */
export class DeliverySummaryRepository {
  /** Writes or rewrites the notification of every day for each owner. */
  async announceAll(tx: TenantTransaction): Promise<void> {
    await tx.query(
      `${ANNOUNCE.select}
       FROM delivery_days d JOIN recipients r USING (tenant_id)
       WHERE d.tenant_id = $1 AND r.role = 'owner'
       ${ANNOUNCE.onConflict}`,
      [tx.tenantId],
    );
  }
}
