import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newStorageKey } from '@penguinmails/contracts';
import {
  type Database,
  openDatabase,
  type TenantRows,
  type TenantTransaction,
} from '@penguinmails/database';
import { FetchRepository } from '../../src/content/fetch.repository.js';
import { ContentParts, tenant } from './content-parts.js';

/**
 * A statement's plan is made once per session and kept. Here every plan is made while the tables are
 * small and used when the tenant has many rows, before anybody has analysed them.
 */
const GROWTH: [few: number, many: number][] = [
  [0, 200],
  [0, 20_000],
  [20, 20_000],
];
const SOME = 50;
const TABLES = ['content_objects', 'content_blobs', 'attachments'];
const repository = new FetchRepository();

let parts: ContentParts;
let database: Database;
let owner: string;

beforeAll(async () => {
  parts = await ContentParts.open();
  for (const table of TABLES)
    await parts.admin.query(`ALTER TABLE ${table} SET (autovacuum_enabled = off)`);
});
afterAll(() => parts.close());
beforeEach(async () => {
  const { settings } = parts;
  database = openDatabase({ ...settings, app: { ...settings.app, max: 1 } });
  await parts.admin.query(`TRUNCATE ${TABLES.join()} CASCADE`);
  owner = tenant();
});
afterEach(() => database.close());

/** Contents of a large body and a file each, both in blobs. */
async function insert(count: number): Promise<string[]> {
  const keys = Array.from({ length: count }, () => newStorageKey());
  await parts.admin.query(
    `WITH blob AS (
       INSERT INTO content_blobs (tenant_id, content_hash, algorithm, bytes, raw_size_bytes, ref_count)
       SELECT $1, md5(key) || md5(key), 'none', 'x', 1, 2 FROM unnest($2::text[]) AS key
     ), object AS (
       INSERT INTO content_objects (tenant_id, storage_key, raw_size_bytes, content_hash,
         compressed_size_bytes, content_blob_hash)
       SELECT $1, key, 1, md5(key) || md5(key), 1, md5(key) || md5(key) FROM unnest($2::text[]) AS key
     )
     INSERT INTO attachments (tenant_id, parent_storage_key, position, filename, mime_type,
       size_bytes, content_hash, content_blob_hash, storage_disposition)
     SELECT $1, key, 0, 'f', 'text/plain', 1, md5(key) || md5(key), md5(key) || md5(key), 'attachment'
     FROM unnest($2::text[]) AS key`,
    [owner, keys],
  );
  return keys.slice(0, SOME);
}

/** Rows that this transaction has read of the three tables. */
async function readBy(tx: TenantTransaction): Promise<number> {
  const { rows } = await tx.query<{ read: string }>(
    `SELECT sum(idx_tup_fetch + seq_tup_read) AS read FROM pg_stat_xact_user_tables
     WHERE relname = ANY($1)`,
    [TABLES],
  );
  return Number(rows[0].read);
}

/** Rows that the three statements of a fetch have read of the three tables, in one transaction. */
const fetch = (keys: readonly string[]): Promise<number> =>
  database.tenants.transaction(owner, async (tx) => {
    const tenantIds = keys.map(() => owner);
    const batch: TenantRows = {
      login: 'app',
      tenantIds,
      query: (text, values = [], options) => tx.query(text, [tenantIds, ...values], options),
      onCommit: () => undefined,
    };
    await repository.sizes(batch, keys);
    await repository.bodies(batch, keys);
    await repository.files(batch, keys);
    return readBy(tx);
  });

/** Rows that removing contents has read, with those that the foreign keys ask for. */
const remove = (keys: readonly string[]): Promise<number> =>
  database.tenants.transaction(owner, async (tx) => {
    await parts.removal.execute(tx, keys);
    return readBy(tx);
  });

it.each(GROWTH)('contents are found by their keys alone, first %i, then %i', async (few, many) => {
  await insert(few);
  await fetch([newStorageKey()]);
  const keys = await insert(many);
  expect(await fetch(keys)).toBeLessThanOrEqual(6 * SOME);
});

it.each(GROWTH)('and removed by them, first %i, then %i', async (few, many) => {
  const early = await insert(few);
  await remove([newStorageKey(), ...early.slice(0, 1)]);
  const keys = await insert(many);
  expect(await remove(keys)).toBeLessThanOrEqual(10 * SOME);
  expect(await parts.wrongCounts()).toEqual([]);
});

describe('that all rows are of whoever asks', () => {
  const statistics = (table: string) =>
    parts.rows(
      `SELECT n_distinct, most_common_freqs::text AS frequent FROM pg_stats
       WHERE tablename = $1 AND attname = 'tenant_id'`,
      [table],
    );

  it.each(TABLES)('replaces what was known about the tenants of %s', async (table) => {
    for (let turn = 0; turn < 50; turn += 1) {
      owner = tenant();
      await insert(3);
    }
    await parts.admin.query(`ALTER TABLE ${table} ALTER COLUMN tenant_id SET STATISTICS -1`);
    await parts.admin.query(`ANALYZE ${table}`);
    expect(await statistics(table)).toEqual([
      { n_distinct: expect.any(Number), frequent: expect.stringMatching(/^\{0\.02/) },
    ]);
    await parts.admin.query('SET ROLE content_owner');
    await parts.admin.query('SELECT assume_large_tenants($1)', [table]);
    await parts.admin.query('RESET ROLE');
    await parts.admin.query(`ANALYZE ${table}`);
    expect(await statistics(table)).toEqual([{ n_distinct: 1, frequent: null }]);
  });
});
