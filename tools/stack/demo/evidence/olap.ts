import { type DemoTenantContext, rowsOf, type Witness } from './evidence.ts';

interface Month {
  emails_sent: number;
  emails_delivered: number;
  total_bytes: string;
  estimated_cost_usd: string;
  updated_at: Date;
}

const SQL = `
  SELECT emails_sent, emails_delivered, total_bytes, estimated_cost_usd, updated_at
  FROM billing_analytics
  WHERE tenant_id = $1 AND period_start = date_trunc('month', now() AT TIME ZONE 'UTC')::date`;

const NONE = { emails_sent: 0, emails_delivered: 0, total_bytes: '0', estimated_cost_usd: '0' };

async function month({ plan, tenantId }: DemoTenantContext): Promise<Month> {
  const [row] = await rowsOf<Month>(plan, 'olap', SQL, [tenantId]);
  return row ?? { ...NONE, updated_at: new Date(0) };
}

/** This month's aggregates: sent, delivered and bytes have all grown. */
export const olap: Witness<Month> = {
  tier: 'olap',
  before: month,
  after: async (email, before) => {
    const now = await month(email);
    const grown =
      now.emails_sent > before.emails_sent &&
      now.emails_delivered > before.emails_delivered &&
      Number(now.total_bytes) > Number(before.total_bytes);
    return grown ? { text: describe(before, now), at: now.updated_at } : undefined;
  },
};

function describe(before: Month, now: Month): string {
  const sent = `sent ${before.emails_sent} → ${now.emails_sent}`;
  const delivered = `delivered ${before.emails_delivered} → ${now.emails_delivered}`;
  const bytes = `bytes ${before.total_bytes} → ${now.total_bytes}`;
  return `this month: ${sent}, ${delivered}, ${bytes}, cost ${now.estimated_cost_usd} USD`;
}
