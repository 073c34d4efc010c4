import pg from 'pg';
import { readStack, type Tier, tiers } from './stack.js';

const TABLES = `
SELECT c.relname AS name,
  CASE c.relname WHEN 'tenants' THEN 'id' ELSE 'tenant_id' END AS tenant_column
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN (SELECT name FROM platform_tables)
ORDER BY c.relname`;

/** Running sums: their rows are added up from time to time, so what counts is the sum. */
const SUMS: Readonly<Record<string, { name: string; measure: string }>> = {
  'content.tenant_usage': { name: 'content.usage', measure: 'sum(stored_bytes + object_count)' },
  'oltp.usage_deltas': { name: 'oltp.usage', measure: 'sum(amount)' },
  'oltp.usage_totals': { name: 'oltp.usage', measure: 'sum(amount)' },
};

/** How many rows of a tenant every table of all five databases holds, its outbox included. */
export class TenantRows {
  private constructor(private readonly databases: readonly TierRows[]) {}

  static async open(): Promise<TenantRows> {
    return new TenantRows(await Promise.all(tiers.map((tier) => TierRows.open(tier))));
  }

  /** For a test that goes on when a database does not: connected for this work only. */
  static async during(work: (rows: TenantRows) => Promise<void>): Promise<void> {
    const rows = await TenantRows.open();
    try {
      await work(rows);
    } finally {
      await rows.close();
    }
  }

  /** `<tier>.<table>` → rows. */
  async count(tenantId: string): Promise<Record<string, number>> {
    const counts = await Promise.all(this.databases.map((database) => database.count(tenantId)));
    return Object.assign({}, ...counts) as Record<string, number>;
  }

  async close(): Promise<void> {
    await Promise.all(this.databases.map((database) => database.close()));
  }
}

class TierRows {
  private constructor(
    private readonly client: pg.Client,
    private readonly statement: string,
  ) {}

  static async open(tier: Tier): Promise<TierRows> {
    const client = new pg.Client({ connectionString: readStack().databases[tier].admin_url });
    await client.connect();
    const { rows } = await client.query<{ name: string; tenant_column: string }>(TABLES);
    const parts = rows.map(({ name, tenant_column }) => {
      const { name: shown, measure } = SUMS[`${tier}.${name}`] ?? {
        name: `${tier}.${name}`,
        measure: 'count(*)',
      };
      return `SELECT '${shown}' AS name, ${measure} AS n FROM ${name} WHERE ${tenant_column} = $1`;
    });
    const all = parts.join(' UNION ALL ');
    const sums = `SELECT name, coalesce(sum(n), 0)::int AS n FROM (${all}) AS parts GROUP BY name`;
    return new TierRows(client, sums);
  }

  async count(tenantId: string): Promise<Record<string, number>> {
    const { rows } = await this.client.query<{ name: string; n: number }>(this.statement, [
      tenantId,
    ]);
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  }

  close(): Promise<void> {
    return this.client.end();
  }
}
