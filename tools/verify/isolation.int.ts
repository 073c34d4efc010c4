import { describe, expect, test } from '@jest/globals';
import { createTierDatabase, seedForProbes } from '@penguinmails/testing/tenancy';
import {
  interleaveThroughLibrary,
  interleaveWithoutPolicies,
  interleaveWithSessionTenant,
  seedTenants,
} from './interleaved.ts';
import { startPooler } from './pooler.ts';

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
        const seen = await through(pooler.through(database.appUrl), true);
        await pooler.stop();
        expect(seen).toMatchObject({ wrong: 0, operations: 2_000 });
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
});
