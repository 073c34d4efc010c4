import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '../../src/index.js';
import { catalogRules } from '../../src/tenancy/catalog-rules.js';
import { catalogFindings } from '../../src/tenancy/catalog-findings.js';
import { isolationLeaks, seedForProbes } from '../../src/tenancy/isolation-findings.js';

describe('the suites as a tier calls them', () => {
  let database: TierDatabase;
  beforeAll(async () => {
    database = await createTierDatabase('content');
  });
  afterAll(() => database.drop());

  catalogSuite('content', () => database);
  tenantIsolationSuite('content');
});

/** A suite that passes on a broken database is worth nothing: each fault must be seen. */
describe('the suites notice', () => {
  async function inflict(database: TierDatabase, fault: string): Promise<void> {
    const admin = new pg.Client(database.adminUrl);
    await admin.connect();
    await admin.query(fault);
    await admin.end();
  }

  /** One database for all signs of the same fault. */
  const seen = new Map<string, Promise<string[]>>();
  function signsOf(fault: string): Promise<string[]> {
    const signs = seen.get(fault) ?? damage(fault);
    seen.set(fault, signs);
    return signs;
  }

  async function damage(fault: string, before = 'SELECT 1'): Promise<string[]> {
    const database = await createTierDatabase('content');
    await inflict(database, before);
    const tables = await seedForProbes(database);
    await inflict(database, fault);
    const findings = await catalogFindings(catalogRules, 'content', database);
    const leaks = await isolationLeaks('content', database, tables);
    await database.drop();
    return [...findings, ...leaks.map(({ probe, what }) => `probe ${probe} ${what}`)];
  }

  const policy = (using: string, check: string) =>
    `DROP POLICY tenant_isolation ON content_objects;
     CREATE POLICY tenant_isolation ON content_objects FOR ALL TO content_app, content_ro
     USING (${using}) WITH CHECK (${check})`;
  const OWN = "tenant_id = current_setting('app.current_tenant_id')::uuid";
  const AS_TEXT = "tenant_id::text = current_setting('app.current_tenant_id')";
  const SILENT = "tenant_id = NULLIF(current_setting('app.current_tenant_id', true), '')::uuid";

  test('nothing on a whole database', async () => {
    expect(await damage('SELECT 1')).toEqual([]);
  });

  test.each([
    ['FORCE taken off', 'ALTER TABLE content_objects NO FORCE ROW LEVEL SECURITY', 'FORCE'],
    ['RLS switched off', 'ALTER TABLE content_objects DISABLE ROW LEVEL SECURITY', 'probe 4'],
    ['CHECK (true)', policy(OWN, 'true'), 'probe 9'],
    ['CHECK (true) by an UPDATE', policy(OWN, 'true'), 'probe 10'],
    ['USING (true)', policy('true', OWN), 'probe 4'],
    ['USING (true) in the catalog', policy('true', OWN), 'exactly one policy'],
    ['a silent policy', policy(SILENT, SILENT), 'probe 1'],
    ['a second policy', 'CREATE POLICY more ON content_blobs USING (true)', 'probe 4'],
    ['TRUNCATE', 'GRANT TRUNCATE ON content_objects TO content_app', 'probe 24'],
    [
      'a policy without its right',
      'GRANT SELECT ON content_blobs TO content_system',
      'system policy',
    ],
    ['rights for PUBLIC', 'GRANT SELECT ON content_blobs TO PUBLIC', 'PUBLIC has none'],
    ['CREATE', 'GRANT CREATE ON SCHEMA public TO content_app', 'probe 29'],
    ['another owner', 'ALTER TABLE content_blobs OWNER TO content_app', 'probe 27'],
    [
      'a readable partition',
      `DO $$ BEGIN EXECUTE format('GRANT SELECT ON content_access_log_p%s TO content_app',
         to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')); END $$`,
      'rights for anybody',
    ],
    [
      'a partition without policies of its own',
      `DO $$ BEGIN EXECUTE format('GRANT SELECT ON content_access_log_p%1$s TO content_app;
         ALTER TABLE content_access_log_p%1$s DISABLE ROW LEVEL SECURITY',
         to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')); END $$`,
      'probe 20',
    ],
    ['a key across tenants', 'ALTER TABLE content_blobs ADD UNIQUE (content_hash)', 'PRIMARY KEY'],
    ['an index that leaks', 'CREATE INDEX ON content_blobs (lower(content_hash))', 'leakproof'],
    ['an enum', "CREATE TYPE e AS ENUM ('a'); ALTER TABLE content_blobs ADD e e", 'enum'],
    ['a view of its owner', 'CREATE VIEW v AS SELECT * FROM content_objects', 'views'],
    [
      'a function of its owner',
      `CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER
         RETURN (SELECT count(*) FROM content_objects)`,
      'SECURITY DEFINER',
    ],
    [
      'a key across tenants, by an INSERT',
      'ALTER TABLE content_blobs ADD UNIQUE (content_hash)',
      'probe 12',
    ],
    [
      'a key across tenants, by ON CONFLICT',
      'ALTER TABLE content_blobs ADD UNIQUE (content_hash)',
      'probe 14',
    ],
    [
      'a key across tenants, by an upsert',
      'ALTER TABLE content_blobs ADD UNIQUE (content_hash)',
      'probe 15',
    ],
    [
      'a primary key without its tenant',
      `ALTER TABLE attachments DROP CONSTRAINT attachments_pkey;
       ALTER TABLE attachments ADD PRIMARY KEY (id)`,
      'probe 13',
    ],
    ['a tenant that is compared as text', policy(AS_TEXT, AS_TEXT), 'probe 3'],
    ['rows of another by their tenant', policy('true', OWN), 'probe 5'],
    ['OR true', policy('true', OWN), 'probe 6'],
    ['UPDATE', policy('true', 'true'), 'probe 7'],
    ['DELETE', policy('true', 'true'), 'probe 8'],
    ['an emptied tenant', policy(SILENT, SILENT), 'probe 2'],
    ['row_security off', 'ALTER TABLE content_objects DISABLE ROW LEVEL SECURITY', 'probe 25'],
    ['a policy of the login', 'ALTER TABLE content_blobs OWNER TO content_app', 'probe 28'],
    [
      'temporary tables',
      `DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO content_app',
         current_database()); END $$`,
      'probe 30',
    ],
    [
      'statistics of a partition',
      `DO $$ BEGIN EXECUTE format('GRANT SELECT ON content_access_log_p%1$s TO content_app;
         ALTER TABLE content_access_log_p%1$s DISABLE ROW LEVEL SECURITY;
         ANALYZE content_access_log_p%1$s', to_char(now() AT TIME ZONE 'UTC', 'YYYYMM')); END $$`,
      'probe 33',
    ],
    [
      'texts of other sessions',
      `GRANT SELECT ON pg_stat_activity TO content_app;
       GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO content_app`,
      'probe 40',
    ],
    [
      'a trigger function that notifies',
      `CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
       $f$ BEGIN PERFORM pg_notify('told', NEW::text); RETURN NEW; END $f$`,
      'probe 41',
    ],
    ['FOR UPDATE', policy('true', OWN), 'probe 17'],
    ['COPY TO', policy('true', OWN), 'probe 22'],
    ['MERGE', policy('true', 'true'), 'probe 16'],
    ['an error that tells', policy('true', OWN), 'probe 31'],
    ['COPY FROM', 'ALTER TABLE content_objects DISABLE ROW LEVEL SECURITY', 'probe 23'],
    ['statistics', 'ALTER TABLE content_objects DISABLE ROW LEVEL SECURITY', 'probe 32'],
    ['prepared statements', policy('true', OWN), 'probe 38'],
    ['query_to_xml', policy('true', OWN), 'probe 44'],
    [
      'a view with rights of its owner',
      `ALTER TABLE content_objects NO FORCE ROW LEVEL SECURITY;
       SET ROLE content_owner; CREATE VIEW v AS SELECT * FROM content_objects;
       GRANT SELECT ON v TO content_app`,
      'probe 18',
    ],
    [
      'a materialised view',
      'CREATE MATERIALIZED VIEW m AS SELECT * FROM content_objects',
      'probe 19',
    ],
    [
      'a function with rights of its owner',
      `CREATE FUNCTION f() RETURNS bigint LANGUAGE sql SECURITY DEFINER
         RETURN (SELECT count(*) FROM content_objects)`,
      'probe 21',
    ],
    [
      'a readable sequence',
      `DO $$ BEGIN EXECUTE (SELECT format('GRANT SELECT ON SEQUENCE %I TO content_app', relname)
         FROM pg_class WHERE relkind = 'S' LIMIT 1); END $$`,
      'probe 34',
    ],
    ['large objects', 'GRANT EXECUTE ON FUNCTION lo_from_bytea(oid, bytea) TO PUBLIC', 'probe 42'],
  ])('%s', async (_name, fault, sign) => {
    expect((await signsOf(fault)).join('\n')).toContain(sign);
  });

  test('a foreign key across tenants', async () => {
    const key = `ALTER TABLE content_objects ADD UNIQUE (storage_key);
      ALTER TABLE attachments ADD CONSTRAINT astray FOREIGN KEY (parent_storage_key)
        REFERENCES content_objects (storage_key)`;
    expect((await damage('SELECT 1', key)).join('\n')).toContain('probe 11 astray');
  });
});
