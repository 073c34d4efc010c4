import pg from 'pg';
import { readStack, type Tier, tiers } from './stack.js';

// What is about tenants without being theirs: messages on their way, and what was taken in of them.
const IN_TRANSIT = ['outbox', 'inbox', 'idempotency_keys'];

const TABLES = `
SELECT c.relname AS name,
  CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN (SELECT name FROM platform_tables) AND c.relname <> ALL ($1)
ORDER BY c.relname`;

/** `<tier>.<table>` → rows of the tenant, for every table of all five databases. */
export async function countRows(tenantId: string): Promise<Record<string, number>> {
  const counts = await Promise.all(tiers.map((tier) => countTier(tier, tenantId)));
  return Object.assign({}, ...counts) as Record<string, number>;
}

async function countTier(tier: Tier, tenantId: string): Promise<Record<string, number>> {
  const connectionString = readStack().databases[tier].admin_url;
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; tenant_column: string }>(TABLES, [
      IN_TRANSIT,
    ]);
    const counts: Record<string, number> = {};
    for (const { name, tenant_column } of rows) {
      const text = `SELECT count(*)::int AS n FROM ${name} WHERE ${tenant_column} = $1`;
      const answer = await client.query<{ n: number }>(text, [tenantId]);
      counts[`${tier}.${name}`] = answer.rows[0].n;
    }
    return counts;
  } finally {
    await client.end();
  }
}
