import { describe, expect, test } from '@jest/globals';
import { withAdmin } from '../admin-connection.js';
import type { TierDatabase, TierName } from '../tier-database.js';
import type { CatalogRule } from './catalog-rule.js';
import { catalogRules } from './catalog-rules.js';

export interface CatalogExpectations {
  /** Tables without tenant data besides those of the libraries; must equal what the catalog lists. */
  readonly platformTables?: readonly string[];
  /** Unique indexes and foreign keys that need not start with the tenant, as `table.name`. */
  readonly keyExceptions?: readonly string[];
}

const LIBRARY_PLATFORM_TABLES = [
  'consumer_position',
  'inbox',
  'partitioned_tables',
  'platform_tables',
  'schema_migrations',
];

/** data-model.md: these keep seq / id as key, tenants its UNIQUE (slug). */
const KEY_EXCEPTIONS = ['outbox.outbox_pkey', 'parked_event.parked_event_pkey'];
const TENANT_SLUG = 'tenants.tenants_slug_key';

/** Violations of the rules, as the names of what breaks them. */
export async function catalogFindings(
  rules: readonly CatalogRule[],
  tier: TierName,
  database: TierDatabase,
  { keyExceptions = [] }: CatalogExpectations = {},
): Promise<string[]> {
  const exceptions = [...KEY_EXCEPTIONS, TENANT_SLUG, ...keyExceptions];
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

/**
 * Registers jest tests over each table of the tier's database (data-model.md, "Rules for every
 * table"). Call it from the tier's own integration tests.
 */
export function catalogSuite(
  tier: TierName,
  database: () => TierDatabase,
  expectations: CatalogExpectations = {},
): void {
  describe(`rules for every table of ${tier}`, () => {
    test.each(catalogRules.map((rule) => [rule.name, rule] as const))('%s', async (_name, rule) => {
      expect(await catalogFindings([rule], tier, database(), expectations)).toEqual([]);
    });

    test('the tables without tenant data are the named ones', async () => {
      const named = [...LIBRARY_PLATFORM_TABLES, ...(expectations.platformTables ?? [])];
      expect(await listedPlatformTables(database())).toEqual(named.sort());
    });
  });
}
