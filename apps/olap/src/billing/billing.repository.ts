import type { TenantTransaction } from '@penguinmails/database';
import { lockCounters } from '../persistence/lock-counters.js';

/** One month of one tenant as the API shows it; DECIMAL columns as strings. */
export interface BillingPeriod {
  readonly period_start: string;
  readonly period_end: string;
  readonly emails_sent: number;
  readonly emails_delivered: number;
  readonly emails_bounced: number;
  readonly total_bytes: number;
  readonly total_size_mb: string;
  readonly estimated_cost_usd: string;
}

/** Monthly usage of one tenant; megabytes and cost are derived from exact counts and bytes. */
export class BillingRepository {
  /** Keeps the tenant's price and derives the cost of everything counted before it was known. */
  async setPrice(
    tx: TenantTransaction,
    plan: { plan_code: string; price_per_thousand: number; currency: string },
  ): Promise<void> {
    await lockCounters(tx);
    await tx.query(
      `INSERT INTO tenant_prices (tenant_id, plan_code, price_per_thousand_minor, currency)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (tenant_id) DO UPDATE
       SET plan_code = EXCLUDED.plan_code, currency = EXCLUDED.currency, updated_at = now(),
           price_per_thousand_minor = EXCLUDED.price_per_thousand_minor`,
      [tx.tenantId, plan.plan_code, plan.price_per_thousand, plan.currency],
    );
    await this.derive(tx);
  }

  /** Months that begin in [from, to], oldest first, at most `limit`. */
  async periods(
    tx: TenantTransaction,
    range: { from: string; to: string; limit: number },
  ): Promise<BillingPeriod[]> {
    const { rows } = await tx.query<BillingPeriod & { total_bytes: string }>(
      `SELECT period_start, period_end, emails_sent, emails_delivered, emails_bounced,
              total_bytes, total_size_mb, estimated_cost_usd
       FROM billing_analytics
       WHERE tenant_id = $1 AND period_start BETWEEN $2 AND $3
       ORDER BY period_start LIMIT $4`,
      [tx.tenantId, range.from, range.to, range.limit],
    );
    return rows.map((row) => ({ ...row, total_bytes: Number(row.total_bytes) }));
  }

  /** When the oldest event happened that waits to be handled again; null when none does. */
  async oldestParked(tx: TenantTransaction): Promise<Date | null> {
    const { rows } = await tx.query<{ at: Date | null }>(
      `SELECT min((headers->>'ce_time')::timestamptz) AS at FROM parked_event WHERE tenant_id = $1`,
      [tx.tenantId],
    );
    return rows[0].at;
  }

  /** As {@link BillingSystemRepository.add} does, for every month of the tenant. */
  private async derive(tx: TenantTransaction): Promise<void> {
    await tx.query(
      `UPDATE billing_analytics b
       SET total_size_mb = round(b.total_bytes / 1048576.0, 2),
           estimated_cost_usd = round(b.emails_sent * coalesce(p.price, 0) / 100000.0, 4),
           updated_at = now()
       FROM (SELECT (SELECT price_per_thousand_minor FROM tenant_prices
                     WHERE tenant_id = $1 AND currency = 'USD') AS price) p
       WHERE b.tenant_id = $1`,
      [tx.tenantId],
    );
  }
}
