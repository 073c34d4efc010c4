import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTierDatabase, type TierDatabase, type TierName } from '../tier-database.js';
import { channelProbes } from './channel-probes.js';
import {
  isolationLeaks,
  type Leak,
  seedForProbes,
  type SeededTables,
} from './isolation-findings.js';
import { objectProbes } from './object-probes.js';
import { tableProbes } from './probes.js';
import { sessionProbes } from './session-probes.js';

const NAMED_PROBES: readonly (readonly [number, string])[] = [
  ...[...tableProbes, ...channelProbes, ...objectProbes, ...sessionProbes].map(
    ({ number, name }) => [number, name] as const,
  ),
  [11, 'no foreign key reaches a row of another tenant'],
  [12, 'a UNIQUE value of another tenant is free'],
  [13, 'a PRIMARY KEY of another tenant is free'],
  [14, 'ON CONFLICT DO NOTHING does not see another tenant'],
  [15, 'ON CONFLICT DO UPDATE does not see another tenant'],
];

/**
 * Registers the attack probes 1-36, 38-42 and 44 of reference/tenancy.md section 7, run by the app
 * login on each table of tenants, in a database of its own with a row of two tenants in each.
 */
export function tenantIsolationSuite(tier: TierName): void {
  describe(`tenant isolation of ${tier}`, () => {
    let database: TierDatabase;
    let seeded: SeededTables;
    let leaks: Leak[];

    beforeAll(async () => {
      database = await createTierDatabase(tier);
      seeded = await seedForProbes(database);
      leaks = await isolationLeaks(tier, database, seeded);
    });
    afterAll(() => database.drop());

    test('there are tables to probe', () => {
      expect(seeded.tables.map(({ name }) => name)).toContain('outbox');
    });

    test.each(NAMED_PROBES)('probe %i: %s', (number) => {
      expect(leaks.filter(({ probe }) => probe === number)).toEqual([]);
    });
  });
}
