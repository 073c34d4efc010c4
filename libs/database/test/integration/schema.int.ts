import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import {
  migrate,
  MigrationConflict,
  MigrationFailed,
  MigrationFileError,
  renderSchema,
  sqlState,
  type Tier,
  tiers,
} from '../../src/index.js';
import { createTierDatabase, eventually, type TierDatabase } from '@penguinmails/testing';
import { hasPostgres15, type PrivatePostgres, startPostgres15 } from './private-postgres.js';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const run = promisify(execFile);
const PSQL = '/usr/bin/psql';

const ownDirectories = (tier: Tier) =>
  ['libs/outbox/migrations', `apps/${tier}/migrations`].map((path) => join(root, path));

async function query<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

function databaseUrl(adminUrl: string, name: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

test.each(tiers)(
  'schema.sql is plain SQL without passwords, as the migrations say: %s',
  async (tier) => {
    const roles = await readFile(join(root, 'infra/postgres/roles.sql'), 'utf8');
    const rendered = await renderSchema({ tier, roles, directories: ownDirectories(tier) });
    const committed = await readFile(join(root, 'schemas', tier, 'schema.sql'), 'utf8');
    expect(rendered === committed).toBe(true);
    expect(rendered.split('\n').filter((line) => /^\\|^[^-]*PASSWORD '/.test(line))).toEqual([]);
  },
);

const clusters = [
  ['PostgreSQL 18', () => Promise.resolve(undefined)],
  ...(hasPostgres15 ? [['PostgreSQL 15', startPostgres15] as const] : []),
] as const;

describe.each(clusters)('on %s', (_name, start) => {
  let cluster: PrivatePostgres | undefined;
  let adminUrl: string;

  beforeAll(async () => {
    cluster = await start();
    adminUrl = cluster?.adminUrl ?? process.env.TEST_POSTGRES_ADMIN_URL ?? '';
  });
  afterAll(async () => cluster?.stop());

  describe('schemas/<tier>/schema.sql', () => {
    const psql = existsSync(PSQL) ? test : test.skip;

    psql.each(tiers)('psql makes an empty database a whole one: %s', async (tier) => {
      const name = `psql_${tier}_${process.pid}`;
      await query(adminUrl, `DROP DATABASE IF EXISTS ${name}`);
      await query(adminUrl, `CREATE DATABASE ${name}`);
      const url = databaseUrl(adminUrl, name);
      const file = join(root, 'schemas', tier, 'schema.sql');
      await run(PSQL, [url, '-v', 'ON_ERROR_STOP=1', '-q', '-f', file]);
      const again = run(PSQL, [url, '-v', 'ON_ERROR_STOP=1', '-q', '-f', file]);
      await expect(again).rejects.toThrow('already exists');
      const [{ ahead }] = await query<{ ahead: boolean }>(
        url,
        `SELECT to_regclass('inbox_p' || to_char((now() AT TIME ZONE 'UTC') + interval '8 days',
           'YYYYMMDD')) IS NOT NULL AS ahead`,
      );
      expect(ahead).toBe(true);
      const report = await migrate({ tier, url, directories: ownDirectories(tier) });
      expect(report.applied).toEqual([]);
      expect(report.present).toBeGreaterThanOrEqual(5);
      await query(adminUrl, `DROP DATABASE ${name}`);
    });
  });

  describe('migrate', () => {
    let folder: string;
    let database: TierDatabase;
    const options = () => ({
      tier: 'content' as const,
      url: database.migratorUrl,
      directories: [...ownDirectories('content'), folder],
    });
    const add = (name: string, sql: string) => writeFile(join(folder, name), sql);

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'migrations-'));
      database = await createTierDatabase('content', { adminUrl });
    });
    afterAll(async () => {
      await database.drop();
      await rm(folder, { recursive: true });
    });

    test('as the migrator goes on from the schema, once; two at a time wait', async () => {
      await add(
        '1799000000000-create-things.sql',
        `CREATE TABLE things (tenant_id uuid NOT NULL, id integer NOT NULL, PRIMARY KEY (tenant_id, id));
         SELECT secure_tenant_table('things', 'SELECT, INSERT', NULL);
         INSERT INTO things SELECT '00000000-0000-0000-0000-000000000001', 1 WHERE false;`,
      );
      const reports = await Promise.all([migrate(options()), migrate(options())]);
      expect(reports.map(({ applied }) => applied.length).sort()).toEqual([0, 1]);
      const [{ owner }] = await query<{ owner: string }>(
        database.adminUrl,
        "SELECT tableowner AS owner FROM pg_tables WHERE tablename = 'things'",
      );
      expect(owner).toBe('content_owner');
    });

    test('a backfill runs as the migrator itself, past row level security', async () => {
      await add(
        '1799000001000-backfill-things.sql',
        `RESET ROLE;
         INSERT INTO things VALUES ('00000000-0000-0000-0000-000000000001', 1),
           ('00000000-0000-0000-0000-000000000002', 1);
         SET LOCAL ROLE {{tier}}_owner;
         ALTER TABLE things ADD COLUMN note text;`,
      );
      expect((await migrate(options())).applied).toEqual(['1799000001000-backfill-things.sql']);
      expect(await query(database.adminUrl, 'SELECT FROM things')).toHaveLength(2);
    });

    test('a failing file has no effect and stops the run', async () => {
      await add('1799000002000-create-half.sql', 'CREATE TABLE half (); SELECT 1/0;');
      await add('1799000003000-create-rest.sql', 'CREATE TABLE rest ();');
      const failure: unknown = await migrate(options()).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(MigrationFailed);
      expect(sqlState(failure)).toBe('22012');
      const left = "SELECT FROM pg_tables WHERE tablename IN ('half', 'rest')";
      expect(await query(database.adminUrl, left)).toEqual([]);
      await add('1799000002000-create-half.sql', 'SELECT 1;');
      expect((await migrate(options())).applied).toHaveLength(2);
    });

    test('waits for its locks in turns, so that traffic goes on', async () => {
      const reader = new pg.Client(database.adminUrl);
      await reader.connect();
      await reader.query('BEGIN; LOCK TABLE things IN ACCESS SHARE MODE');
      await add('1799000004000-add-colour.sql', 'ALTER TABLE things ADD COLUMN colour text;');
      const running = migrate({ ...options(), lockTimeoutMs: 100 });
      const waiting = async () =>
        (await query(database.adminUrl, 'SELECT FROM pg_locks WHERE NOT granted')).length > 0;
      await eventually(waiting);
      await eventually(async () => !(await waiting()));
      await reader.query('COMMIT');
      expect((await running).applied).toHaveLength(1);
      await reader.end();
    });

    test('refuses a changed file and a vanished one', async () => {
      const copy = await mkdtemp(join(tmpdir(), 'migrations-'));
      await cp(folder, copy, { recursive: true });
      const changed = { ...options(), directories: [...ownDirectories('content'), copy] };
      await writeFile(join(copy, '1799000003000-create-rest.sql'), 'SELECT 2;');
      await expect(migrate(changed)).rejects.toThrow(MigrationConflict);
      await rm(join(copy, '1799000003000-create-rest.sql'));
      await expect(migrate(changed)).rejects.toThrow('was applied, but is gone');
      await rm(copy, { recursive: true });
    });

    test('an older version finds the database ahead and leaves it', async () => {
      const older = { ...options(), directories: ownDirectories('content') };
      expect((await migrate(older)).applied).toEqual([]);
    });

    test.each([
      ['1799000009000-fix.sql', 'SELECT 1;', 'is not named'],
      ['1799000009000-add-a.sql', '\\d emails', 'psql command'],
      ['1799000009000-add-b.sql', 'SELECT 1;\nCOMMIT;', 'ends the transaction'],
      ['1799000009000-add-c.sql', 'SELECT {{tear}};', 'unknown placeholder'],
    ])('refuses the file %s: %s', async (name, sql, fault) => {
      await add(name, sql);
      const refused = migrate(options());
      await expect(refused).rejects.toThrow(MigrationFileError);
      await expect(refused).rejects.toThrow(fault);
      await rm(join(folder, name));
    });
  });

  describe('time partitions', () => {
    let database: TierDatabase;
    const system = (text: string) => query<{ n: number }>(database.systemUrl, text);
    const children = async (parent: string) =>
      (
        await query<{ name: string }>(
          database.adminUrl,
          `SELECT inhrelid::regclass::text AS name FROM pg_inherits
           WHERE inhparent = '${parent}'::regclass ORDER BY 1`,
        )
      ).map(({ name }) => name);
    const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', sqlState);
    const table = (name: string, key: string, type: string, more = '') =>
      `CREATE TABLE ${name} (tenant_id uuid NOT NULL, ${key} ${type} NOT NULL, ${more}
         PRIMARY KEY (tenant_id, ${key})) PARTITION BY RANGE (${key});
       SELECT secure_tenant_table('${name}', 'SELECT, INSERT', NULL);`;

    beforeAll(async () => {
      database = await createTierDatabase('content', { adminUrl });
      await query(
        database.adminUrl,
        `SET ROLE content_owner;
         ${table('by_day', 'at', 'timestamptz')}
         SELECT partition_by_time('by_day', 'at', 'day', interval '3 days', 'timestamptz');
         ${table('by_month', 'on_day', 'date')}
         SELECT partition_by_time('by_month', 'on_day', 'month', NULL, 'date', NULL, 2);
         ${table('by_id', 'id', 'uuid', 'received_at timestamptz NOT NULL DEFAULT now(),')}
         SELECT partition_by_time('by_id', 'id', 'day', interval '3 days', 'uuidv7', 'received_at');`,
      );
      await system('SELECT ensure_partitions(8)');
    });
    afterAll(() => database.drop());

    test('are made ahead and behind, once', async () => {
      expect(await children('by_day')).toHaveLength(1 + 1 + 8);
      expect((await children('by_month')).length).toBeGreaterThanOrEqual(3);
      expect(await children('by_id')).toHaveLength(1 + 3 + 1 + 8);
      expect(await system('SELECT ensure_partitions(8) AS n')).toEqual([{ n: 0 }]);
      expect(await system('SELECT ensure_partitions(9) AS n')).toEqual([{ n: expect.any(Number) }]);
    });

    test('take the rows of their time: UTC days, months, UUIDv7 ids, other ids by default', async () => {
      const day = (await children('by_day'))[3] ?? '';
      const iso = day.replace(/^.*_p(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
      const milliseconds = Date.parse(`${iso}T23:59:59.999Z`).toString(16).padStart(12, '0');
      const v7 = `${milliseconds.slice(0, 8)}-${milliseconds.slice(8)}-7fff-bfff-ffffffffffff`;
      const v4 = 'ffffffff-9e6d-4c3a-8f1e-3c1f0f6f0f6f';
      const tenant = '01990000-0000-7000-8000-00000000000a';
      const client = new pg.Client(database.appUrl);
      await client.connect();
      await client.query(`SET app.current_tenant_id = '${tenant}'; SET timezone = 'Asia/Tokyo'`);
      await client.query(
        `INSERT INTO by_day (at) VALUES ('${iso}T00:00:00Z'), ('${iso}T23:59:59Z')`,
      );
      await client.query(`INSERT INTO by_month (on_day) VALUES ('${iso}')`);
      await client.query(`INSERT INTO by_id (id) VALUES ('${v7}'), ('${v4}')`);
      const where = 'SELECT tableoid::regclass::text AS name FROM';
      const placed = async (parent: string) =>
        (await client.query<{ name: string }>(`${where} ${parent}`)).rows.map(({ name }) => name);
      expect(await placed('by_day')).toEqual([day, day]);
      expect(await placed('by_month')).toEqual([day.replace('by_day', 'by_month').slice(0, -2)]);
      expect((await placed('by_id')).sort()).toEqual(
        ['by_id_default', day.replace('by_day', 'by_id')].sort(),
      );
      await client.end();
    });

    test('are made also where rows wait in the default one; these move', async () => {
      const [{ name }] = await query<{ name: string }>(
        database.adminUrl,
        `SELECT 'by_id_p' || to_char((now() AT TIME ZONE 'UTC') + interval '20 days', 'YYYYMMDD') AS name`,
      );
      await query(
        database.adminUrl,
        `INSERT INTO by_id (tenant_id, id) SELECT '01990000-0000-7000-8000-00000000000a',
           (partition_bound('uuidv7', (now() AT TIME ZONE 'UTC') + interval '20 days'))::text::uuid`
          .replace('(partition_bound', "trim(both '''' from partition_bound")
          .replace('))::text::uuid', '))::uuid'),
      );
      await system('SELECT ensure_partitions(21)');
      expect(await query(database.adminUrl, `SELECT FROM ${name}`)).toHaveLength(1);
    });

    test('are dropped by age, never younger than the retention, never of other tables', async () => {
      const old = `SELECT ensure_partition(p, date_trunc('day', now() AT TIME ZONE 'UTC') - interval '9 days')
        FROM partitioned_tables p WHERE parent = 'by_day'`;
      await query(database.adminUrl, `SET ROLE content_owner; ${old}`);
      const before = await children('by_day');
      const drop = (parent: string, age: string) =>
        system(`SELECT drop_partitions('${parent}', now() - interval '${age}') AS n`);
      expect(await codeOf(drop('by_day', '2 days'))).toBe('22023');
      expect(await codeOf(drop('by_month', '10 years'))).toBe('22023');
      expect(await codeOf(drop('content_objects', '10 years'))).toBe('42501');
      expect(await codeOf(drop("x'; DROP TABLE by_day; --", '10 years'))).not.toBe('no error');
      expect(await drop('by_day', '3 days')).toEqual([{ n: 1 }]);
      expect(await children('by_day')).toEqual(before.slice(1));
    });

    test('rows without a time go by their age from the default one', async () => {
      await query(
        database.adminUrl,
        "UPDATE by_id_default SET received_at = now() - interval '4 days'",
      );
      await system("SELECT drop_partitions('by_id', now() - interval '3 days')");
      expect(await query(database.adminUrl, 'SELECT FROM by_id_default')).toEqual([]);
    });

    test("are the system login's to keep, and nobody else's", async () => {
      for (const text of [
        'SELECT ensure_partitions(8)',
        "SELECT drop_partitions('by_day', now())",
      ]) {
        expect(await codeOf(query(database.appUrl, text))).toBe('42501');
        expect(await codeOf(query(database.roUrl, text))).toBe('42501');
      }
      expect(await codeOf(system('DROP TABLE by_day_default'))).not.toBe('no error');
      expect(await codeOf(system('SELECT ensure_partitions(0)'))).toBe('22023');
      const [child] = await children('by_day');
      expect(await codeOf(query(database.appUrl, `SELECT FROM ${child}`))).toBe('42501');
    });
  });
});
