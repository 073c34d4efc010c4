import { withAdmin } from '../admin-connection.js';
import type { TierDatabase, TierName } from '../tier-database.js';
import type { CatalogRule } from './catalog-rule.js';

export interface CatalogExpectations {
  /** Tables without tenant data besides those of the libraries; must equal what the catalog lists. */
  readonly platformTables?: readonly string[];
  /** Unique indexes and foreign keys that need not start with the tenant, as `table.name`. */
  readonly keyExceptions?: readonly string[];
}

export const LIBRARY_PLATFORM_TABLES = [
  'consumer_position',
  'inbox',
  'partitioned_tables',
  'platform_tables',
  'schema_migrations',
];

/** data-model.md: these keep seq / id as key, tenants its UNIQUE (slug). */
export const keyExceptions: readonly string[] = [
  'outbox.outbox_pkey',
  'parked_event.parked_event_pkey',
  'tenants.tenants_slug_key',
];

/** Violations of the rules, as the names of what breaks them. */
export async function catalogFindings(
  rules: readonly CatalogRule[],
  tier: TierName,
  database: TierDatabase,
  { keyExceptions: more = [] }: CatalogExpectations = {},
): Promise<string[]> {
  const exceptions = [...keyExceptions, ...more];
  return withAdmin(database.adminUrl, async (admin) => {
    const findings: string[] = [];
    for (const { name, sql } of rules) {
      const { rows } = await admin.query<{ finding: string }>(sql, [tier, exceptions]);
      findings.push(...rows.map(({ finding }) => `${finding} (${name})`));
    }
    return findings;
  });
}

export async function listedPlatformTables(database: TierDatabase): Promise<string[]> {
  return withAdmin(database.adminUrl, async (admin) => {
    const { rows } = await admin.query<{ name: string }>('SELECT name FROM platform_tables');
    return rows.map(({ name }) => name).sort();
  });
}
