import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { eventually } from '@penguinmails/testing';
import {
  type Database,
  isInfrastructure,
  SurvivingTenant,
  type TenantTransaction,
} from '../../src/index.js';
import { A, B, codeOf, createNotesDatabase, type NotesDatabase } from './notes-database.js';

let notes: NotesDatabase;
const problems: Error[] = [];

beforeAll(async () => {
  notes = await createNotesDatabase();
});
afterAll(() => notes.drop());
beforeEach(() => {
  problems.length = 0;
});

describe('connections', () => {
  const TENANT = "SELECT current_setting('app.current_tenant_id', true) AS tenant";
  let single: Database;
  const pidOf = async (): Promise<number> =>
    (
      await single.tenants.once(A, (tx) =>
        tx.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'),
      )
    ).rows[0]?.pid ?? 0;

  beforeAll(() => {
    single = notes.open({ max: 1, onProblem: (error) => problems.push(error) });
  });

  test('the next borrower has no tenant after success, error, time-out and kill', async () => {
    const endings: ((tx: TenantTransaction) => Promise<unknown>)[] = [
      (tx) => tx.query('SELECT 1'),
      (tx) => tx.query('SELECT 1/0'),
      (tx) => tx.query("SELECT set_config('statement_timeout', '20', true), pg_sleep(0.1)"),
      (tx) => tx.query('SELECT pg_terminate_backend(pg_backend_pid())'),
    ];
    for (const ending of endings) {
      for (const mode of ['transaction', 'once'] as const) {
        await codeOf(single.tenants[mode](A, ending));
        const next = single.tenants.slice((slice) => slice.query<{ tenant: string }>(TENANT));
        expect((await next).rows[0]?.tenant || 'none').toBe('none');
      }
    }
  });

  test.each(['transaction', 'once'] as const)(
    'a tenant set for the whole session closes the connection (%s)',
    async (mode) => {
      const before = await pidOf();
      const forSession = "SELECT set_config('app.current_tenant_id', $1, false)";
      await single.tenants[mode](A, (tx) => tx.query(forSession, [B]));
      if (mode === 'once') await pidOf();
      expect(problems).toEqual([expect.any(SurvivingTenant)]);
      expect(await pidOf()).not.toBe(before);
    },
  );

  test('a killed connection is an infrastructure error and replaced; the process lives', async () => {
    const before = await pidOf();
    const killed = single.tenants.transaction(A, async (tx) => {
      await tx.query('SELECT 1');
      await notes.admin.query('SELECT pg_terminate_backend($1)', [before]);
      await eventually(() => problemsOf(tx.query('SELECT 1')));
      await tx.query('SELECT 1');
    });
    expect(isInfrastructure(await killed.catch((error: unknown) => error))).toBe(true);
    expect(await pidOf()).not.toBe(before);
    await notes.admin.query('SELECT pg_terminate_backend($1)', [await pidOf()]);
    await eventually(() => problems.length > 0);
    expect(await pidOf()).toBeGreaterThan(0);
  });

  test('no free connection in time is an infrastructure error', async () => {
    const settings = notes.settings({ max: 1 });
    const narrow = notes.open(settings);
    await narrow.tenants.transaction(A, async (tx) => {
      await tx.query('SELECT 1');
      Object.assign(settings.app, { connectionTimeoutMillis: 50 });
      const second = narrow.tenants.once(B, (other) => other.query('SELECT 1'));
      expect(isInfrastructure(await second.catch((error: unknown) => error))).toBe(true);
      expect(narrow.poolStats().app).toEqual({ max: 1, total: 1, idle: 0, waiting: 0 });
    });
  });

  test('ping tells the time; close waits for what runs', async () => {
    const closing = notes.open();
    expect(await closing.ping()).toBeGreaterThan(0);
    const running = closing.tenants.once(A, (tx) => tx.query('SELECT pg_sleep(0.1)'));
    let isOver = false;
    void running.then(() => (isOver = true));
    await eventually(() => isOver || closing.poolStats().app.idle === 0);
    await closing.close();
    expect((await running).rowCount).toBe(1);
  });
});

async function problemsOf(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => false,
    () => true,
  );
}

describe('assertLogins', () => {
  const withApp = (url: string) => {
    const { app, ...settings } = notes.settings();
    return notes.open({ ...settings, app: { ...app, url } });
  };

  test('accepts the two logins of the tier', async () => {
    await expect(notes.open().assertLogins()).resolves.toBeUndefined();
  });

  test.each([
    ['systemUrl', 'is not notifications_app'],
    ['migratorUrl', 'is not notifications_app'],
    ['adminUrl', 'is not notifications_app'],
  ] as const)('refuses %s as app login', async (url, fault) => {
    await expect(withApp(notes.tier[url]).assertLogins()).rejects.toThrow(fault);
  });

  test.each([
    ['ALTER TABLE counters OWNER TO notifications_app', 'owns a relation'],
    ['GRANT CREATE ON SCHEMA public TO notifications_app', 'may create in schema public'],
  ])('refuses after %s', async (fault, message) => {
    const damaged = await createNotesDatabase();
    await damaged.admin.query(fault);
    await expect(damaged.open().assertLogins()).rejects.toThrow(message);
    await damaged.drop();
  });

  test('refuses a login without time-outs', async () => {
    const url = new URL(notes.tier.appUrl);
    url.searchParams.set('options', '-c lock_timeout=0');
    await expect(withApp(url.href).assertLogins()).rejects.toThrow('has lock_timeout 0 ms');
  });

  test('has the time-outs of the house', async () => {
    const client = new pg.Client(notes.tier.systemUrl);
    await client.connect();
    const { rows } = await client.query(`SELECT name, setting FROM pg_settings WHERE name IN
      ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') ORDER BY name`);
    await client.end();
    expect(rows.map(({ setting }) => setting)).toEqual(['15000', '5000', '30000']);
  });
});
