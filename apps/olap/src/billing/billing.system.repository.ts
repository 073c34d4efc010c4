import type { SystemTransaction } from '@penguinmails/database';
import type { BillingIncrement } from '../activity/email-activity.js';

/** What a month's bill counts; bytes are those of accepted messages. */
export type BilledKind = 'sent' | 'delivered' | 'bounced' | 'size';

const COLUMNS: Readonly<Record<BilledKind, string>> = {
  sent: 'emails_sent',
  delivered: 'emails_delivered',
  bounced: 'emails_bounced',
  size: 'total_bytes',
};

const sumOf = (column: string) => `b.${column} + EXCLUDED.${column}`;

/**
 * One statement: counters are added up, size and cost derived from the sums. Prices are minor units per
 * thousand: 1/100 of a unit, per 1,000 sent.
 */
const addTo = (column: string): string => `
INSERT INTO billing_analytics AS b (tenant_id, period_start, period_end, ${column},
  total_size_mb, estimated_cost_usd)
SELECT i.tenant_id, i.period_start, (i.period_start + INTERVAL '1 month - 1 day')::date, i.amount,
  CASE '${column}' WHEN 'total_bytes' THEN round(i.amount / 1048576.0, 2) ELSE 0 END,
  CASE '${column}' WHEN 'emails_sent' THEN round(i.amount * coalesce(p.price, 0) / 100000.0, 4) ELSE 0 END
FROM unnest($1::uuid[], $2::date[], $3::bigint[]) AS i(tenant_id, period_start, amount)
LEFT JOIN LATERAL (
  SELECT price_per_thousand_minor AS price FROM tenant_prices
  WHERE tenant_id = i.tenant_id AND currency = 'USD'
) p ON TRUE
ON CONFLICT (tenant_id, period_start) DO UPDATE
SET ${column} = ${sumOf(column)},
    total_size_mb = round((${column === 'total_bytes' ? sumOf(column) : 'b.total_bytes'}) / 1048576.0, 2),
    estimated_cost_usd = round(
      (${column === 'emails_sent' ? sumOf(column) : 'b.emails_sent'}) * coalesce((
        SELECT t.price_per_thousand_minor FROM tenant_prices t
        WHERE t.tenant_id = b.tenant_id AND t.currency = 'USD'
      ), 0) / 100000.0, 4),
    updated_at = now()`;

/** Monthly usage of all tenants. Counts and bytes are added exactly. */
export class BillingSystemRepository {
  /** Adds to the months' counters and derives size and cost again. */
  async add(
    tx: SystemTransaction,
    kind: BilledKind,
    increments: readonly BillingIncrement[],
  ): Promise<void> {
    await tx.query(
      addTo(COLUMNS[kind]),
      [
        increments.map(({ tenantId }) => tenantId),
        increments.map(({ period_start }) => period_start),
        increments.map(({ count, bytes }) => (kind === 'size' ? bytes : count)),
      ],
      { name: `billing-${kind}` },
    );
  }
}
