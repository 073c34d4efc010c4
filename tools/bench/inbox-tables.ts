import { createTierDatabase, type TierDatabase, withAdmin } from '@penguinmails/testing/tenancy';

const TABLE = `
SET ROLE olap_owner;
CREATE TABLE tallies (
  tenant_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  events bigint NOT NULL,
  bytes bigint NOT NULL,
  PRIMARY KEY (tenant_id, hour)
) WITH (fillfactor = 50);
SELECT secure_tenant_table('tallies', 'SELECT, INSERT, UPDATE', 'SELECT, INSERT, UPDATE');
RESET ROLE;`;

export async function createBenchDatabase(): Promise<TierDatabase> {
  const database = await createTierDatabase('olap');
  await withAdmin(database.adminUrl, (admin) => admin.query(TABLE));
  return database;
}

/** Events that took effect, by the table that the handlers write and by the inbox. */
export async function countEffects(
  database: TierDatabase,
): Promise<{ tallied: number; inbox: number }> {
  return withAdmin(database.adminUrl, async (admin) => {
    const { rows } = await admin.query<{ tallied: number; inbox: number }>(
      `SELECT (SELECT coalesce(sum(events), 0)::int FROM tallies) AS tallied,
              (SELECT count(*)::int FROM inbox) AS inbox`,
    );
    return rows[0];
  });
}
