import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTierDatabase, type TierDatabase, type TierName } from '../tier-database.js';
import type { ProbedTable } from './dummy-rows.js';
import { isolationLeaks, type Leak, seedForProbes } from './isolation-findings.js';
import { databaseProbes, tableProbes } from './probes.js';

const NAMED_PROBES: readonly (readonly [number, string])[] = [
  ...tableProbes.map(({ number, name }) => [number, name] as const),
  [20, 'partitions are not readable'] as const,
  [26, 'SET ROLE is refused'] as const,
  ...databaseProbes.map(({ number, name }) => [number, name] as const),
];

/**
 * Registers the attack probes 1-10, 20 and 24-30 of reference/tenancy.md section 7, run by the app
 * login on each table of tenants, in a database of its own with a row of two tenants in each.
 */
export function tenantIsolationSuite(tier: TierName): void {
  describe(`tenant isolation of ${tier}`, () => {
    let database: TierDatabase;
    let tables: ProbedTable[];
    let leaks: Leak[];

    beforeAll(async () => {
      database = await createTierDatabase(tier);
      tables = await seedForProbes(database);
      leaks = await isolationLeaks(tier, database, tables);
    });
    afterAll(() => database.drop());

    test('there are tables to probe', () => {
      expect(tables.map(({ name }) => name)).toContain('outbox');
    });

    test.each(NAMED_PROBES)('probe %i: %s', (number) => {
      expect(leaks.filter(({ probe }) => probe === number)).toEqual([]);
    });
  });
}
