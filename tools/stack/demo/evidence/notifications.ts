import { type DemoTenantContext, rowsOf, type Witness } from './evidence.ts';

interface Summary {
  delivered: number;
  message: string;
  updated_at: Date;
}

const SQL = `
  SELECT d.delivered, n.message, n.updated_at
  FROM delivery_days d
  JOIN notifications n ON n.tenant_id = d.tenant_id AND n.type = 'delivery_summary'
  WHERE d.tenant_id = $1 AND d.day = (now() AT TIME ZONE 'UTC')::date
  ORDER BY n.updated_at DESC LIMIT 1`;

async function today({ plan, tenantId }: DemoTenantContext): Promise<Summary | undefined> {
  const [row] = await rowsOf<Summary>(plan, 'notifications', SQL, [tenantId]);
  return row;
}

/** The day's one summary for the owner, with its count. */
export const notifications: Witness<Summary | undefined> = {
  tier: 'notifications',
  before: today,
  after: async (email, before) => {
    const now = await today(email);
    const delivered = before?.delivered ?? 0;
    if (!now || now.delivered <= delivered) return undefined;
    const text = `delivery_summary: delivered today ${delivered} → ${now.delivered}, "${now.message}"`;
    return { text, at: now.updated_at };
  },
};
