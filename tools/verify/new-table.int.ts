import { describe, expect, test } from '@jest/globals';
import {
  catalogFindings,
  catalogRules,
  createTierDatabase,
  isolationLeaks,
  seedForProbes,
  withAdmin,
} from '@penguinmails/testing/tenancy';

const COLUMNS = '(tenant_id uuid, id uuid, note text NOT NULL, PRIMARY KEY (tenant_id, id))';

async function withTable(definition: string) {
  const database = await createTierDatabase('notifications');
  try {
    await withAdmin(database.adminUrl, (admin) => admin.query(definition));
    const rules = await catalogFindings(catalogRules, 'notifications', database);
    const seeded = await seedForProbes(database);
    const leaks = await isolationLeaks('notifications', database, seeded);
    return { rules, leaks, tables: seeded.tables.map(({ name }) => name) };
  } finally {
    await database.drop();
  }
}

describe('a table that nobody told the battery of', () => {
  test('is attacked, and a secured one holds', async () => {
    const all = "'SELECT, INSERT, UPDATE, DELETE', NULL";
    const { leaks, tables } = await withTable(
      `SET ROLE notifications_owner; CREATE TABLE newcomers ${COLUMNS};
       SELECT secure_tenant_table('newcomers', ${all}); RESET ROLE`,
    );
    expect(tables).toContain('newcomers');
    expect(leaks).toEqual([]);
  });

  test('is found when it is not secured, by its name', async () => {
    const { rules, leaks } = await withTable(
      `SET ROLE notifications_owner; CREATE TABLE newcomers ${COLUMNS};
       GRANT SELECT, INSERT, UPDATE, DELETE ON newcomers TO notifications_app; RESET ROLE`,
    );
    expect(rules.filter((finding) => finding.includes('newcomers')).length).toBeGreaterThan(1);
    const seen = leaks.filter(({ what }) => what.includes('newcomers'));
    expect(new Set(seen.map(({ probe }) => probe)).size).toBeGreaterThan(5);
  });
});
