import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type Database, MoreThanOneStatement, type TenantTransaction } from '../../src/index.js';
import {
  A,
  B,
  codeOf,
  createNotesDatabase,
  type NotesDatabase,
  tenantLeftOn,
} from './notes-database.js';
import { startSyncCountingProxy } from './sync-counting-proxy.js';

const TENANT = "SELECT current_setting('app.current_tenant_id', true) AS tenant";
const INSERT = 'INSERT INTO notes (tenant_id, id, body) VALUES ($1, $2, $3)';

describe.each([
  { way: 'named statements', pooled: false },
  { way: 'unnamed statements', pooled: true },
])('one statement of each of several tenants ($way)', ({ pooled }) => {
  let notes: NotesDatabase;
  let database: Database;

  beforeAll(async () => {
    notes = await createNotesDatabase();
    database = notes.open({ pooled, max: 1 });
  });
  afterAll(() => notes.drop());
  beforeEach(() => notes.admin.query('TRUNCATE notes'));

  const insert = (tx: TenantTransaction, id: number, tenant = tx.tenantId, body = 'text') =>
    tx.query(INSERT, [tenant, id, body], { name: 'note-insert' });

  test('each runs under its own tenant, and the answers keep their places', async () => {
    const tenants = [A, B, A, B];
    const seen = await database.tenants.each(tenants, async (tx, at) => {
      const { rows } = await tx.query<{ tenant: string }>(TENANT, [], { name: 'which-tenant' });
      return [at, tx.tenantId, rows[0].tenant];
    });
    expect(seen).toEqual(tenants.map((tenant, at) => [at, tenant, tenant]));
    expect(await tenantLeftOn(database)).toEqual([{ tenant: '' }]);
  });

  test('sees the rows of its own tenant only', async () => {
    await database.tenants.each([A, B], (tx, at) => insert(tx, at));
    const seen = await database.tenants.each([A, B], async (tx) => {
      const { rows } = await tx.query('SELECT id FROM notes');
      return rows;
    });
    expect(seen).toEqual([[{ id: 0 }], [{ id: 1 }]]);
  });

  test('a foreign insert is refused and nothing of the others stays', async () => {
    const work = database.tenants.each([A, B, A], (tx, at) => insert(tx, at, A));
    expect(await codeOf(work)).toBe('42501');
    expect(await notes.stored()).toEqual([]);
    expect(await tenantLeftOn(database)).toEqual([{ tenant: '' }]);
  });

  test('all count or none: the last one fails', async () => {
    const work = database.tenants.each([A, B], (tx, at) =>
      insert(tx, at, tx.tenantId, at === 1 ? '' : 'text'),
    );
    expect(await codeOf(work)).toBe('23514');
    expect(await notes.stored()).toEqual([]);
    await database.tenants.each([A, B], (tx, at) => insert(tx, at));
    expect(await notes.stored()).toEqual([
      { tenant_id: A, id: 0 },
      { tenant_id: B, id: 1 },
    ]);
  });

  test('takes exactly one statement of each, or none', async () => {
    const answers = await database.tenants.each([A, B, A], async (tx, at) =>
      at === 1 ? 'nothing to ask' : (await insert(tx, at)).rowCount,
    );
    expect(answers).toEqual([1, 'nothing to ask', 1]);
    const twice = database.tenants.each([A, B], async (tx, at) => {
      await insert(tx, at + 10);
      await insert(tx, at + 20);
    });
    await expect(twice).rejects.toBeInstanceOf(MoreThanOneStatement);
    expect(await database.tenants.each([], () => Promise.reject(new Error('not called')))).toEqual(
      [],
    );
  });

  test('sends nothing when one of them fails before it has asked', async () => {
    for (const failing of [0, 1, 2]) {
      const work = database.tenants.each([A, B, A], async (tx, at) => {
        if (at === failing) throw new Error('not prepared');
        await insert(tx, at);
      });
      await expect(work).rejects.toThrow('not prepared');
    }
    expect(await notes.stored()).toEqual([]);
  });

  test('says what is durable only after the commit, and not when there was none', async () => {
    const told: string[] = [];
    await database.tenants.each([A, B], async (tx, at) => {
      tx.onCommit(() => void told.push(`committed ${at}`));
      await insert(tx, at);
      told.push(`written ${at}`);
    });
    expect(told).toEqual(['written 0', 'written 1', 'committed 0', 'committed 1']);
    const failing = database.tenants.each([A], async (tx) => {
      tx.onCommit(() => void told.push('never'));
      await insert(tx, 7, B);
    });
    expect(await codeOf(failing)).toBe('42501');
    expect(told).not.toContain('never');
  });

  test('does not wait long for a lock that somebody holds', async () => {
    await database.tenants.each([A, B], (tx, at) => insert(tx, at));
    const holder = new pg.Client(notes.tier.adminUrl);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM notes WHERE tenant_id = $1 FOR UPDATE', [A]);
    const began = performance.now();
    const work = database.tenants.each([B, A], (tx) =>
      tx.query("UPDATE notes SET body = 'new' WHERE tenant_id = $1", [tx.tenantId]),
    );
    expect(await codeOf(work)).toBe('55P03');
    expect(performance.now() - began).toBeGreaterThan(450);
    await holder.query('ROLLBACK');
    await holder.end();
    const { rows } = await database.tenants.slice((slice) => slice.query('SHOW lock_timeout'));
    expect(rows).not.toEqual([{ lock_timeout: '500ms' }]);
  });

  test('is one round trip', async () => {
    const proxy = await startSyncCountingProxy(notes.tier.appUrl);
    const pool = { max: 1, idleTimeoutMillis: 5_000, connectionTimeoutMillis: 2_000 };
    const counted = notes.open({ pooled, app: { url: proxy.url, ...pool } });
    await counted.tenants.each([A, B], (tx, at) => insert(tx, at));
    const before = proxy.syncs();
    await counted.tenants.each([A, B, A], (tx, at) => insert(tx, at + 10));
    expect(proxy.syncs() - before).toBe(1);
    await counted.close();
    proxy.close();
  });
});
