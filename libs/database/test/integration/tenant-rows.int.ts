import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import {
  type Database,
  MoreThanOneStatement,
  type TenantRows,
  underTenants,
} from '../../src/index.js';
import {
  A,
  B,
  codeOf,
  createNotesDatabase,
  type NotesDatabase,
  tenantLeftOn,
} from './notes-database.js';
import { startSyncCountingProxy } from './sync-counting-proxy.js';

const GIVEN = `(SELECT place - 1 AS n, body FROM unnest($2::text[]) WITH ORDINALITY AS g (body, place))`;
const ROWS = underTenants(GIVEN, 'n');
const INSERT = `INSERT INTO notes (tenant_id, id, body) SELECT own_tenant, n, body FROM ${ROWS} AS q`;
const TENANTS = `SELECT q.n::int, q.own_tenant, x.tenant FROM ${ROWS} AS q
  CROSS JOIN LATERAL (SELECT current_setting('app.current_tenant_id') AS tenant, q.n OFFSET 0) AS x`;
/** The notes that each row of the statement comes to see. @param filter what says whose they are */
const seenBy = (rows: string, filter: string): string => `
  SELECT q.n::int, x.tenant_id, x.id FROM ${rows} AS q CROSS JOIN LATERAL (
    SELECT tenant_id, id FROM notes WHERE ${filter} OFFSET 0) AS x ORDER BY q.n, x.id`;

describe.each([
  { way: 'named statements', pooled: false },
  { way: 'unnamed statements', pooled: true },
])('one statement over rows of several tenants ($way)', ({ pooled }) => {
  let notes: NotesDatabase;
  let database: Database;

  beforeAll(async () => {
    notes = await createNotesDatabase();
    database = notes.open({ pooled, max: 1 });
  });
  afterAll(() => notes.drop());
  beforeEach(() => notes.admin.query('TRUNCATE notes'));

  const run = async (tenants: readonly string[], text: string, ...values: unknown[]) => {
    const bodies = tenants.map((_tenant, at) => `text ${at}`);
    const all = values.length > 0 ? values : [bodies];
    return (await database.tenants.rowByRow(tenants, (tx) => tx.query(text, all))).rows;
  };

  test('each row is under its own tenant, which ends with the statement', async () => {
    const seen = await run([A, B, A], TENANTS);
    const expected = [A, B, A].map((tenant, n) => ({ n, own_tenant: tenant, tenant }));
    expect(seen).toEqual(expected);
    expect(await tenantLeftOn(database)).toEqual([{ tenant: '' }]);
  });

  test('writes each row for its own tenant', async () => {
    await run([A, B, A], INSERT);
    const expected = [A, B, A].map((tenant_id, id) => ({ tenant_id, id }));
    expect(await notes.stored()).toEqual(expected);
  });

  test('a row of another tenant of the list is refused, and nothing of the others stays', async () => {
    const crossed = INSERT.replace('SELECT own_tenant', 'SELECT ($1::uuid[])[2 - n]');
    expect(await codeOf(run([A, B], crossed))).toBe('42501');
    const all = INSERT.replace('SELECT own_tenant', `SELECT '${A}'::uuid`);
    expect(await codeOf(run([A, A, B], all))).toBe('42501');
    expect(await notes.stored()).toEqual([]);
    expect(await tenantLeftOn(database)).toEqual([{ tenant: '' }]);
  });

  test('a look-up sees the rows of its own tenant only, whatever it asks for', async () => {
    await run([A, B], INSERT);
    const own = [A, B, A].map((tenant_id, n) => ({ n, tenant_id, id: n % 2 }));
    expect(await run([A, B, A], seenBy(ROWS, 'tenant_id = q.own_tenant'))).toEqual(own);
    expect(await run([A, B, A], seenBy(ROWS, 'id >= 0 * q.n'))).toEqual(own);
    const foreign = 'tenant_id = ($1::uuid[])[2 - q.n % 2]';
    expect(await run([A, B], seenBy(ROWS, foreign))).toEqual([]);
  });

  test('an update and a deletion reach the rows of their own tenant only', async () => {
    await run([A, B], INSERT);
    const update = `UPDATE notes SET body = 'new' FROM ${ROWS} AS q WHERE id < 9 AND tenant_id = `;
    const remove = `DELETE FROM notes USING ${ROWS} AS q WHERE id < 9 AND tenant_id = `;
    const changed = async () =>
      (await notes.admin.query("SELECT FROM notes WHERE body = 'new'")).rows.length;
    const foreign = '($1::uuid[])[2 - q.n]';
    for (const text of [update, remove]) await run([A, B], text + foreign);
    expect([await changed(), (await notes.stored()).length]).toEqual([0, 2]);
    await run([A, B], `${update} q.own_tenant`);
    expect(await changed()).toBe(2);
    await run([B], `${remove} q.own_tenant`);
    expect(await notes.stored()).toEqual([{ tenant_id: A, id: 0 }]);
  });

  test('what runs under no tenant of the list runs under nobody', async () => {
    await run([A, B], INSERT);
    const look = 'SELECT id FROM notes WHERE cardinality($1::uuid[]) > 0';
    const { rows } = await database.tenants.rowByRow([A, B], (tx) => tx.query(look));
    expect(rows).toEqual([]);
    const insert = `INSERT INTO notes (tenant_id, id, body)
      SELECT t, 9, 'text' FROM unnest($1::uuid[]) AS t`;
    const own = database.tenants.rowByRow([A], (tx) => tx.query(insert));
    expect(await codeOf(own)).toBe('42501');
  });

  test('mutants: rows collected before they are written, and one tenant for all', async () => {
    const sorted = INSERT.replace(
      `FROM ${ROWS} AS q`,
      `FROM (SELECT * FROM ${ROWS} AS s
      ORDER BY s.own_tenant DESC, s.body) AS q`,
    );
    expect(await codeOf(run([A, B], sorted))).toBe('42501');
    const first = ROWS.replace('[r.n + 1]', '[1]');
    expect(first).not.toBe(ROWS);
    const claimed = INSERT.replace(ROWS, first).replace('own_tenant', '($1::uuid[])[n + 1]');
    expect(await codeOf(run([A, B], claimed))).toBe('42501');
    await run([A, B], INSERT);
    const others = seenBy(first, 'tenant_id = ($1::uuid[])[q.n + 1]');
    expect(await run([A, B], others)).toEqual([{ n: 0, tenant_id: A, id: 0 }]);
  });

  test('a place that is not in the list is an error, as is what is no tenant', async () => {
    expect(await codeOf(run([A], INSERT, ['one', 'two']))).toBe('22P02');
    expect(await notes.stored()).toEqual([]);
    await expect(run(['no tenant'], INSERT)).rejects.toBeInstanceOf(TypeError);
  });

  test('all count or none', async () => {
    expect(await codeOf(run([A, B], INSERT, ['text', '']))).toBe('23514');
    expect(await notes.stored()).toEqual([]);
    await run([A, B], INSERT);
    expect(await notes.stored()).toHaveLength(2);
  });

  test('takes exactly one statement, or none', async () => {
    const twice = database.tenants.rowByRow([A], async (tx) => {
      await tx.query(INSERT, [['text']]);
      await tx.query(TENANTS, [['text']]);
    });
    await expect(twice).rejects.toBeInstanceOf(MoreThanOneStatement);
    expect(await database.tenants.rowByRow([A], async () => 'nothing')).toBe('nothing');
  });

  test('says what is durable only after the commit, and not when there was none', async () => {
    const told: string[] = [];
    const write = (bodies: string[]) => async (tx: TenantRows) => {
      tx.onCommit(() => void told.push(`committed ${bodies}`));
      await tx.query(INSERT, [bodies]);
      told.push(`written ${bodies}`);
    };
    await database.tenants.rowByRow([A], write(['good']));
    expect(await codeOf(database.tenants.rowByRow([B], write([''])))).toBe('23514');
    expect(told).toEqual(['written good', 'committed good']);
  });

  test('does not wait long for a lock that somebody holds', async () => {
    await run([A, B], INSERT);
    const holder = new pg.Client(notes.tier.adminUrl);
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM notes WHERE tenant_id = $1 FOR UPDATE', [A]);
    const update = `UPDATE notes SET body = 'new' FROM ${ROWS} AS q WHERE tenant_id = q.own_tenant`;
    expect(await codeOf(run([B, A], update))).toBe('55P03');
    await holder.query('ROLLBACK');
    await holder.end();
    const { rows } = await database.tenants.slice((slice) => slice.query('SHOW lock_timeout'));
    expect(rows).not.toEqual([{ lock_timeout: '500ms' }]);
  });

  test('is one round trip', async () => {
    const proxy = await startSyncCountingProxy(notes.tier.appUrl);
    const pool = { max: 1, idleTimeoutMillis: 5_000, connectionTimeoutMillis: 2_000 };
    const counted = notes.open({ pooled, app: { url: proxy.url, ...pool } });
    await counted.tenants.rowByRow([A], (tx) => tx.query(INSERT, [['text']]));
    const before = proxy.syncs();
    await counted.tenants.rowByRow([B, B, A], (tx) => tx.query(TENANTS, [['1', '2', '3']]));
    expect(proxy.syncs() - before).toBe(1);
    await counted.close();
    proxy.close();
  });
});
