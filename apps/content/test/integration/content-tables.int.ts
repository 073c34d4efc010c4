import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  catalogSuite,
  createTierDatabase,
  tenantIsolationSuite,
  type TierDatabase,
} from '@penguinmails/testing';
import { callerOf, ContentParts, key, tenant } from './content-parts.js';

let database: TierDatabase;
let parts: ContentParts;
beforeAll(async () => {
  database = await createTierDatabase('content');
  parts = await ContentParts.open();
});
afterAll(async () => {
  await parts.close();
  await database.drop();
});

catalogSuite('content', () => database);
tenantIsolationSuite('content');

describe('rows as the seed inserts them', () => {
  const [a, k] = [tenant(), key()];
  let file: string;

  beforeAll(async () => {
    await parts.rows(
      `INSERT INTO content_objects (storage_key, tenant_id, content_text) VALUES ($1, $2, 'hello')`,
      [k, a],
    );
    [{ id: file }] = await parts.rows<{ id: string }>(
      `INSERT INTO attachments (tenant_id, parent_storage_key, filename, mime_type, size_bytes, content)
       VALUES ($2, $1, 'a.txt', 'text/plain', 1, '\\x61') RETURNING id`,
      [k, a],
    );
  });

  it('are not served: nothing shows that they are whole', async () => {
    const corrupted = { code: 'content_corrupted' };
    await expect(parts.get(callerOf(a), k)).rejects.toMatchObject(corrupted);
    await expect(parts.download(callerOf(a), k, file)).rejects.toMatchObject(corrupted);
    const { missing } = await parts.fetch(new Map([[a, new Set([k])]]), [[a, k]]);
    expect(missing).toEqual([{ tenantId: a, storageKey: k }]);
  });

  it('can be deleted', async () => {
    await parts.delete(a, k);
    expect(await parts.rows('SELECT FROM content_objects WHERE storage_key = $1', [k])).toEqual([]);
  });

  it('are not taken half packed', async () => {
    const packed = parts.rows(
      `INSERT INTO content_objects (storage_key, tenant_id, content_encoding, compression_algorithm)
       VALUES ($1, $2, '\\x00', 'zstd')`,
      [key(), a],
    );
    const constraint = 'content_objects_packed_is_measured';
    await expect(packed).rejects.toMatchObject({ constraint });
  });

  it.each([
    ['shorter', 'a'.repeat(63)],
    ['in capitals', 'A'.repeat(64)],
    ['no hex', `${'a'.repeat(63)}g`],
    ['two lines', `${'a'.repeat(63)}\n`],
    ['empty', ''],
  ])('are not taken with a hash that is %s', async (_what, hash) => {
    const row = parts.rows(
      `INSERT INTO content_objects (storage_key, tenant_id, content_text, content_hash)
       VALUES ($1, $2, 'hello', $3)`,
      [key(), a, hash],
    );
    const constraint = 'content_objects_content_hash_check';
    await expect(row).rejects.toMatchObject({ constraint });
  });
});
