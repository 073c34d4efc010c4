import { describe, expect, test } from '@jest/globals';
import {
  createTierDatabase,
  seedForProbes,
  type TierDatabase,
} from '@penguinmails/testing/tenancy';
import {
  interleaveThroughLibrary,
  interleaveWithoutPolicies,
  interleaveWithSessionTenant,
  seedTenants,
  tenantIds,
} from './interleaved.ts';
import { errorLeaks } from './error-values.ts';
import { interleaveWrites } from './interleaved-writes.ts';
import { startPooler } from './pooler.ts';

const writers = (database: TierDatabase) => ({
  tier: 'notifications' as const,
  database,
  appUrl: database.appUrl,
  pooled: false,
});

/** The short form of `npm run verify:isolation`; probes and schema mutants run in each tier's suite. */
describe('50 tenants on four connections', () => {
  test('see their own rows; a session-level tenant and a removed filter are noticed', async () => {
    const database = await createTierDatabase('content');
    try {
      const { tables } = await seedForProbes(database);
      const readable = await seedTenants('content', database, tables);
      expect(readable.length).toBeGreaterThan(3);
      const through = (url: string, pooled: boolean) =>
        interleaveThroughLibrary('content', database, url, pooled, readable, 2_000);
      expect(await through(database.appUrl, false)).toMatchObject({ wrong: 0, operations: 2_000 });
      const pooler = await startPooler([database.appUrl]);
      if (pooler) {
        const appUrl = pooler.through(database.appUrl);
        const seen = await through(appUrl, true);
        const written = await interleaveWrites(
          { ...writers(database), tier: 'content', appUrl, pooled: true },
          1_000,
        );
        await pooler.stop();
        expect(seen).toMatchObject({ wrong: 0, operations: 2_000 });
        expect(written).toMatchObject({ wrong: 0, operations: 1_000 });
      }
      const session = await interleaveWithSessionTenant(database.appUrl, readable, 300);
      expect(session.wrong).toBeGreaterThan(0);
      const past = (filter: boolean) =>
        interleaveWithoutPolicies(database.migratorUrl, readable, 300, filter);
      expect((await past(true)).wrong).toBe(0);
      expect((await past(false)).wrong).toBeGreaterThan(0);
    } finally {
      await database.drop();
    }
  });

  test('make their own rows and no others; a tenant that is mixed up is noticed', async () => {
    const database = await createTierDatabase('notifications');
    try {
      const own = await interleaveWrites(writers(database), 1_500);
      expect(own).toMatchObject({ operations: 1_500, wrong: 0 });
      expect(own.rows).toBeGreaterThan(50);
      const [first = ''] = tenantIds;
      const confuse = (tenant: string, pick: number) => (pick % 100 === 0 ? first : tenant);
      const mixedUp = await interleaveWrites({ ...writers(database), confuse }, 500);
      expect(mixedUp.wrong).toBeGreaterThan(0);
    } finally {
      await database.drop();
    }
  });

  test('probe 43: no error of any table quotes a value', async () => {
    const database = await createTierDatabase('oltp');
    try {
      const { tables } = await seedForProbes(database);
      const { leaks, failures } = await errorLeaks('oltp', database, tables);
      expect(leaks).toEqual([]);
      expect(failures).toBeGreaterThan(tables.length * 2);
    } finally {
      await database.drop();
    }
  });
});
