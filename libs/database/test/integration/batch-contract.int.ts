import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  type Database,
  MoreThanOneStatement,
  sqlState,
  type TenantTransaction,
} from '../../src/index.js';
import { A, B, createNotesDatabase, type NotesDatabase } from './notes-database.js';
import { hasPostgres15, type PrivatePostgres, startPostgres15 } from './private-postgres.js';

const TENANT = "SELECT current_setting('app.current_tenant_id', true) AS tenant";

/**
 * The contract of the protocol batch (reference/tenancy.md, section 5), which uses internals of
 * node-postgres: with another pg version these ten decide. Also to be run through a pooler.
 */
describe.each([
  { way: 'named statements', pooled: false, start: undefined },
  { way: 'unnamed statements', pooled: true, start: undefined },
  ...(hasPostgres15 ? [{ way: 'PostgreSQL 15', pooled: false, start: startPostgres15 }] : []),
])('one protocol batch with one Sync ($way)', ({ pooled, start }) => {
  let cluster: PrivatePostgres | undefined;
  let notes: NotesDatabase;
  let database: Database;

  beforeAll(async () => {
    cluster = await start?.();
    notes = await createNotesDatabase(cluster?.adminUrl);
    database = notes.open({ pooled, max: 1 });
  });
  afterAll(async () => {
    await notes.drop();
    await cluster?.stop();
  });
  beforeEach(() => notes.admin.query('TRUNCATE notes'));

  const once = <R extends object>(
    tenant: string,
    text: string,
    values?: unknown[],
    name?: string,
  ) => database.tenants.once(tenant, (tx) => tx.query<R>(text, values, { name }));
  /** The same connection (there is one), no tenant. */
  const without = (text: string) => database.tenants.slice((slice) => slice.query(text));
  const codeOf = (work: Promise<unknown>) => work.then(() => 'no error', sqlState);

  test('1 the statement sees its tenant', async () => {
    const { rows } = await once(A, TENANT);
    expect(rows).toEqual([{ tenant: A }]);
  });

  test('2 the tenant switches under one prepared statement', async () => {
    for (const tenant of [A, B, A, B]) {
      const { rows } = await once(tenant, TENANT, [], 'which-tenant');
      expect(rows).toEqual([{ tenant }]);
    }
  });

  test('3 the tenant is gone afterwards', async () => {
    await once(A, 'SELECT 1');
    expect((await without(TENANT)).rows).toEqual([{ tenant: '' }]);
    expect(await codeOf(without('SELECT FROM notes'))).toBe('22P02');
  });

  test('4 the tenant is gone after an error', async () => {
    expect(await codeOf(once(A, 'SELECT 1/0'))).toBe('22012');
    expect((await without(TENANT)).rows).toEqual([{ tenant: '' }]);
  });

  test('5 a foreign insert is refused', async () => {
    const foreign = once(A, 'INSERT INTO notes (tenant_id, id, body) VALUES ($1, 1, $2)', [B, 'x']);
    expect(await codeOf(foreign)).toBe('42501');
  });

  test('6 the connection serves on after errors of parse, bind, run and commit', async () => {
    const pid = async () => (await once<{ pid: number }>(A, 'SELECT pg_backend_pid() AS pid')).rows;
    const before = await pid();
    expect(await codeOf(once(A, 'SELEC 1'))).toBe('42601');
    expect(await codeOf(once(A, 'SELECT $1::int', ['x']))).toBe('22P02');
    expect(await codeOf(once(A, 'SELECT 1/$1::int', [0], 'divide'))).toBe('22012');
    expect((await once(A, 'SELECT 1/$1::int AS n', [1], 'divide2')).rows).toEqual([{ n: 1 }]);
    expect((await once(A, 'SELECT 1/$1::int', [1], 'divide')).rowCount).toBe(1);
    expect(await pid()).toEqual(before);
  });

  test('7 an insert is durable at the Sync', async () => {
    const { rowCount } = await once(A, 'INSERT INTO notes (id, body) VALUES (1, $1)', ['mine']);
    expect(rowCount).toBe(1);
    const { rows } = await notes.admin.query('SELECT tenant_id, body FROM notes');
    expect(rows).toEqual([{ tenant_id: A, body: 'mine' }]);
  });

  test('8 values travel bound, whatever they look like', async () => {
    const values = [
      "'; DROP TABLE notes; --",
      new Date(0),
      Buffer.from([0, 255]),
      { a: [1] },
      null,
    ];
    const { rows } = await once(
      A,
      'SELECT $1::text AS t, $2::timestamptz AS d, $3::bytea AS b, $4::jsonb AS j, $5::int AS n',
      values,
    );
    expect(rows).toEqual([{ t: values[0], d: values[1], b: values[2], j: values[3], n: null }]);
    await expect(once(A, 'SELECT $1::text', [undefined])).rejects.toThrow('value $1 is undefined');
    expect((await once(A, "SELECT date '2026-01-31' AS day")).rows).toEqual([
      { day: '2026-01-31' },
    ]);
  });

  test('9 exactly one statement; COPY is refused and does not hang', async () => {
    const two = database.tenants.once(A, async (tx) => {
      await tx.query('SELECT 1');
      await tx.query('SELECT 2');
    });
    await expect(two).rejects.toBeInstanceOf(MoreThanOneStatement);
    await expect(once(A, 'SELECT 1; SELECT 2')).rejects.toThrow('multiple commands');
    await expect(database.tenants.once(A, async (tx) => tx.entities)).rejects.toBeInstanceOf(
      MoreThanOneStatement,
    );
    await notes.admin.query("INSERT INTO counters VALUES ('any', 1) ON CONFLICT DO NOTHING");
    await expect(without('COPY counters FROM STDIN')).rejects.toThrow();
    await expect(without('COPY counters TO STDOUT')).rejects.toThrow('not supported');
    expect((await once(A, 'SELECT 1')).rowCount).toBe(1);
  });

  test('10 2,000 interleaved operations of 20 tenants over 4 connections: no wrong row', async () => {
    const four = notes.open({ pooled, max: 4 });
    const tenants = Array.from(
      { length: 20 },
      (_, i) => `0198c0de-0000-7000-8000-0000000000${String(i + 10)}`,
    );
    await notes.admin.query(
      `INSERT INTO notes SELECT t, n, t::text FROM unnest($1::uuid[]) t, generate_series(1, 3) n`,
      [tenants],
    );
    let wrong = 0;
    const operation = async (n: number) => {
      const tenant = tenants[n % 20];
      if (n % 7 === 0) return codeOf(four.tenants.once(tenant, (tx) => tx.query('SELECT 1/0')));
      const read = (tx: TenantTransaction) =>
        tx.query<{ body: string }>('SELECT body FROM notes', [], { name: 'all-notes' });
      const { rows } =
        n % 3 === 0
          ? await four.tenants.transaction(tenant, read)
          : await four.tenants.once(tenant, read);
      wrong += rows.filter(({ body }) => body !== tenant).length;
      wrong += Math.abs(rows.length - 3);
    };
    const order = Array.from({ length: 2_000 }, (_, n) => n).sort(() => Math.random() - 0.5);
    const take = async () => {
      for (let n = order.pop(); n !== undefined; n = order.pop()) await operation(n);
    };
    await Promise.all(Array.from({ length: 40 }, take));
    expect(wrong).toBe(0);
  });
});
