import { describe, expect, test } from '@jest/globals';
import type { TierDatabase, TierName } from '../tier-database.js';
import {
  type CatalogExpectations,
  catalogFindings,
  LIBRARY_PLATFORM_TABLES,
  listedPlatformTables,
} from './catalog-findings.js';
import { catalogRules } from './catalog-rules.js';

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
