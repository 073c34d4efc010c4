import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Database, sqlState, type TenantSlice, TransactionOver } from '../../src/index.js';
import { A, B, createNotesDatabase, type NotesDatabase } from './notes-database.js';
import { startSyncCountingProxy } from './sync-counting-proxy.js';

let notes: NotesDatabase;
let database: Database;

beforeAll(async () => {
  notes = await createNotesDatabase();
  database = notes.open();
});
afterAll(() => notes.drop());
beforeEach(() => notes.admin.query('TRUNCATE notes'));

const INSERT = 'INSERT INTO notes (id, body) VALUES ($1, $2) RETURNING tenant_id';
const TENANT = `SELECT current_setting('app.current_tenant_id', true) AS tenant_id`;
interface Row {
  tenant_id: string;
}

const both = (slice: TenantSlice) => Promise.all([slice.forTenant(A), slice.forTenant(B)]);
const written = async () =>
  (await notes.admin.query<{ n: number }>('SELECT count(*)::int AS n FROM notes')).rows[0]?.n;
const outcomes = (works: Promise<unknown>[]) =>
  Promise.all(works.map((work) => work.then(() => 'done', sqlState)));

describe('statements asked for at the same time', () => {
  test('run each under its own tenant, a hundred in one round trip', async () => {
    const proxy = await startSyncCountingProxy(notes.tier.appUrl);
    const { app, ...settings } = notes.settings();
    const counted = notes.open({ ...settings, app: { ...app, url: proxy.url } });
    await counted.tenants.slice(async (slice) => {
      const views = await both(slice);
      await slice.query('SELECT 1');
      const before = proxy.syncs();
      const ids = Array.from({ length: 300 }, (_, n) => n);
      const results = await Promise.all(
        ids.map((n) => views[n % 2].query<Row>(INSERT, [n, 'x'], { name: 'insert' })),
      );
      expect(results.map(({ rows }) => rows[0].tenant_id)).toEqual(
        ids.map((n) => (n % 2 === 0 ? A : B)),
      );
      expect(proxy.syncs() - before).toBe(3);
    });
    expect(await written()).toBe(300);
    proxy.close();
  });

  test('fail alone: answers before count, the rest is told that the transaction failed', async () => {
    const failing = database.tenants.slice(async (slice) => {
      const [a, b] = await both(slice);
      const works = [a.query(INSERT, [1, 'x']), b.query(INSERT, [1, 'x'])];
      const again = [a.query(INSERT, [1, 'again']), b.query(INSERT, [2, 'x'])];
      expect(await outcomes([...works, ...again])).toEqual(['done', 'done', '23505', '25P02']);
      throw new Error('rolled back');
    });
    await expect(failing).rejects.toThrow('rolled back');
    expect(await written()).toBe(0);
  });

  test('never pass a savepoint: a tenant taken back is set again', async () => {
    await database.tenants.slice(async (slice) => {
      const [a, b] = await both(slice);
      const results = await Promise.all([
        a.query<Row>(TENANT),
        slice.query<Row>('SAVEPOINT s'),
        b.query<Row>(TENANT),
        slice.query<Row>('ROLLBACK TO SAVEPOINT s'),
        b.query<Row>(TENANT),
        a.query<Row>(TENANT),
      ]);
      const tenants = results.map(({ rows }) => rows[0]?.tenant_id);
      expect(tenants).toEqual([A, undefined, B, undefined, B, A]);
    });
  });

  test('never follow the end of the transaction out of it', async () => {
    const ended = database.tenants.slice(async (slice) => {
      const [a] = await both(slice);
      await a.query(TENANT);
      const end = slice.query('COMMIT').catch((error: unknown) => error);
      const late = a.query(INSERT, [1, 'x']).catch((error: unknown) => error);
      expect(await end).toBeInstanceOf(TransactionOver);
      expect(await late).toBeInstanceOf(TransactionOver);
    });
    await ended.catch((error: unknown) => expect(error).toBeInstanceOf(TransactionOver));
    expect(await written()).toBe(0);
  });
});
