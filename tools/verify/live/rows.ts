import { isDeepStrictEqual } from 'node:util';
import pg from 'pg';
import { eventually } from '@penguinmails/testing/events';
import { tiers } from '../../stack/ports.ts';
import type { World } from './world.ts';

export async function queryAs<R extends object>(
  url: string,
  text: string,
  values: unknown[] = [],
): Promise<R[]> {
  const client = new pg.Client({ connectionString: url, statement_timeout: 30_000 });
  await client.connect();
  try {
    return (await client.query<R>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Rows that come and go by themselves: sums that are folded, events on their way, last uses. */
const MOVING = ['outbox', 'usage_deltas', 'usage_totals', 'tenant_usage', 'api_keys'];

const TABLES = `
SELECT c.relname AS name, CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS key
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN (SELECT name FROM platform_tables) AND NOT c.relname = ANY ($1)
ORDER BY 1`;

/** `<tier>.<table>` → digest of the tenant's rows, of every table that the catalogs list. */
export async function digestOf(
  { stack }: World,
  tenantId: string,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const tier of tiers) {
    const url = stack.databases[tier].admin_url;
    for (const { name, key } of await queryAs<{ name: string; key: string }>(url, TABLES, [
      MOVING,
    ])) {
      const rows = `SELECT coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') AS digest
        FROM ${name} t WHERE t.${key} = $1`;
      const [row] = await queryAs<{ digest: string }>(url, rows, [tenantId]);
      digests[`${tier}.${name}`] = row?.digest ?? '';
    }
  }
  return digests;
}

/** As {@link digestOf}, once two readings in a row are the same: nothing is on its way any more. */
export async function settledDigestOf(
  world: World,
  tenantId: string,
): Promise<Record<string, string>> {
  let last: Record<string, string> = {};
  await eventually(
    async () => {
      const before = last;
      last = await digestOf(world, tenantId);
      return isDeepStrictEqual(before, last);
    },
    { timeoutMs: 240_000, intervalMs: 1_000 },
  );
  return last;
}
