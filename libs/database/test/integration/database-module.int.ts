import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Test } from '@nestjs/testing';
import {
  Database,
  DatabaseModule,
  type DatabaseSettings,
  seedPools,
  SystemDatabase,
  TenantDatabase,
  tierDatabaseSettings,
} from '../../src/index.js';
import { eventually } from '@penguinmails/testing';
import { A, createNotesDatabase, type NotesDatabase } from './notes-database.js';

let notes: NotesDatabase;
beforeAll(async () => {
  notes = await createNotesDatabase();
});
afterAll(() => notes.drop());

const compile = (settings: DatabaseSettings) =>
  Test.createTestingModule({ imports: [DatabaseModule.forTier(settings)] }).compile();

describe('DatabaseModule', () => {
  test('provides the logins, makes and drops partitions at boot, closes at shutdown', async () => {
    await notes.admin.query(`SET ROLE notifications_owner;
      CREATE TABLE ticks (tenant_id uuid NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (tenant_id, at))
        PARTITION BY RANGE (at);
      SELECT secure_tenant_table('ticks', 'SELECT', NULL);
      SELECT partition_by_time('ticks', 'at', 'day', interval '2 days', 'timestamptz');
      SELECT ensure_partition(p, date_trunc('day', now() AT TIME ZONE 'UTC') - interval '5 days')
        FROM partitioned_tables p WHERE parent = 'ticks';
      RESET ROLE`);
    const module = await compile(notes.settings());
    await module.init();
    expect(module.get(TenantDatabase)).toBe(module.get(Database).tenants);
    expect(module.get(SystemDatabase)).toBe(module.get(Database).system);
    await eventually(async () => {
      const { rows } = await notes.admin.query<{ n: number; oldest: string }>(
        `SELECT count(*)::int AS n, min(inhrelid::regclass::text) AS oldest FROM pg_inherits
         WHERE inhparent = 'ticks'::regclass`,
      );
      expect(rows[0]?.n).toBe(1 + 1 + 8);
    });
    const { rows } = await module.get(TenantDatabase).once(A, (tx) => tx.query('SELECT 1 AS n'));
    expect(rows).toEqual([{ n: 1 }]);
    await module.close();
    await expect(module.get(Database).ping()).rejects.toThrow();
  });

  test('refuses to start with an unsafe login, and without a database', async () => {
    const { app, ...settings } = notes.settings();
    for (const url of [notes.tier.adminUrl, 'postgresql://127.0.0.1:1/x']) {
      const module = await compile({ ...settings, app: { ...app, url } });
      await expect(module.init()).rejects.toThrow();
      await module.close();
    }
  });
});

test("the pools and time-outs are the seed's", () => {
  const sizes = Object.entries(seedPools).map(([tier, { app }]) => [
    tier,
    app.max,
    app.idleTimeoutMillis,
    app.connectionTimeoutMillis,
  ]);
  expect(sizes).toEqual([
    ['oltp', 100, 30_000, 2_000],
    ['content', 50, 60_000, 2_000],
    ['olap', 20, 120_000, 2_000],
    ['queue', 50, 30_000, 2_000],
    ['notifications', 20, 30_000, 2_000],
  ]);
  const secret = (value: string) => ({ reveal: () => value });
  const settings = tierDatabaseSettings('olap', {
    url: secret('a'),
    systemUrl: secret('b'),
    pooled: true,
  });
  expect(settings).toMatchObject({ app: { url: 'a', max: 20 }, system: { url: 'b', max: 10 } });
});

test('sessions start with parameters behind those that the URL has, the app login not through a pooler', () => {
  const urls = {
    url: { reveal: () => 'postgresql://u@h/app?options=-c+jit%3Doff' },
    systemUrl: { reveal: () => 'postgresql://u@h/system' },
  };
  const sessions = { app: ['enable_sort=off'], system: ['enable_sort=off', 'jit=off'] };
  const optionsOf = (pooled: boolean) => {
    const { app, system } = tierDatabaseSettings('olap', { ...urls, pooled }, { sessions });
    return [app, system].map(({ url }) => new URL(url).searchParams.get('options'));
  };
  const system = '-c enable_sort=off -c jit=off';
  expect(optionsOf(false)).toEqual(['-c jit=off -c enable_sort=off', system]);
  expect(optionsOf(true)).toEqual(['-c jit=off', system]);
});
