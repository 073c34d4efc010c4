import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { ContentInput } from '../../src/content/new-content.js';
import { callerOf, ContentParts, file, input, key, tenant } from './content-parts.js';

let parts: ContentParts;
beforeAll(async () => {
  parts = await ContentParts.open();
});
afterAll(() => parts.close());

const wordy = (size: number) => 'Penguins walk on ice. 🐧 '.repeat(size / 26 + 1).slice(0, size);
const grant = (tenantId: string, ...keys: string[]) => new Map([[tenantId, new Set(keys)]]);

async function placeOf(storageKey: string) {
  const [row] = await parts.rows<Record<string, unknown>>(
    `SELECT content_text IS NOT NULL OR content_html IS NOT NULL AS inline,
       content_encoding IS NOT NULL AS compressed, content_blob_hash IS NOT NULL AS blob,
       compression_algorithm AS algorithm, raw_size_bytes AS raw, compressed_size_bytes AS stored
     FROM content_objects WHERE storage_key = $1`,
    [storageKey],
  );
  return row;
}

describe('a content', () => {
  it.each<[string, Partial<ContentInput>, Record<string, unknown>]>([
    [
      'small and unicode',
      { text: 'día 🐧\r\n.\r\n', html: '' },
      { inline: true, algorithm: 'none' },
    ],
    ['empty', { text: '', html: null }, { inline: true, raw: 0 }],
    ['without any text', { text: null, html: null }, { inline: false, compressed: false }],
    ['middling', { text: wordy(5000), html: null }, { compressed: true, algorithm: 'zstd' }],
    ['large', { text: '', html: wordy(400_000) }, { blob: true, algorithm: 'zstd' }],
    [
      'with headers in any order',
      { headers: { 'X-B': 'ü', References: '<a@b>', 'X-A': '' } },
      { inline: true },
    ],
  ])('%s comes back as it went in', async (_, change, place) => {
    const [a, k, content] = [tenant(), key(), input(change)];
    const put = await parts.put(a, k, content);
    expect(put.created).toBe(true);
    expect(await placeOf(k)).toMatchObject(place);
    const got = await parts.get(callerOf(a), k);
    expect(got.body).toEqual({ text: content.text, html: content.html });
    expect(got.row.headers).toEqual(content.headers);
    expect(got.row).toMatchObject({ state: 'pending', contentHash: put.contentHash });
  });

  it('says truly how large it is, raw and stored', async () => {
    const [a, k] = [tenant(), key()];
    await parts.put(a, k, input({ text: wordy(8000) }));
    const row = await placeOf(k);
    expect(row.raw).toBe(Buffer.byteLength(wordy(8000)));
    const [{ bytes }] = await parts.rows<{ bytes: number }>(
      'SELECT octet_length(content_encoding) AS bytes FROM content_objects WHERE storage_key = $1',
      [k],
    );
    expect(row.stored).toBe(bytes);
    expect(bytes).toBeLessThan(8000 * 0.9);
  });

  it('gives its files back byte for byte, in their order', async () => {
    const [a, k] = [tenant(), key()];
    const bytes = [randomBytes(70_000), Buffer.alloc(0), Buffer.from(wordy(50_000))];
    const attachments = bytes.map((content, at) =>
      file(content, { filename: `Datei ${at} ü.bin`, disposition: at ? 'inline' : 'attachment' }),
    );
    const put = await parts.put(a, k, input({ attachments }));
    expect(put.files.map(({ filename }) => filename)).toEqual(
      [0, 1, 2].map((n) => `Datei ${n} ü.bin`),
    );
    for (const [at, { id }] of put.files.entries()) {
      const download = await parts.download(callerOf(a), k, id);
      expect(download.bytes.equals(bytes[at])).toBe(true);
    }
    expect((await parts.get(callerOf(a), k)).files).toEqual(put.files);
  });

  it('of another tenant is not there', async () => {
    const [a, b, k] = [tenant(), tenant(), key()];
    const { files } = await parts.put(a, k, input({ attachments: [file(Buffer.from('x'))] }));
    const notFound = { status: 404, code: 'not_found' };
    await expect(parts.get(callerOf(b), k)).rejects.toMatchObject(notFound);
    await expect(parts.download(callerOf(b), k, files[0].id)).rejects.toMatchObject(notFound);
    await expect(parts.delete(b, k)).rejects.toMatchObject(notFound);
    // The same key is free for another tenant: a conflict would say that it exists.
    expect((await parts.put(b, k, input({ text: 'mine' }))).created).toBe(true);
    expect((await parts.get(callerOf(a), k)).body.text).toBe('hello');
  });

  it('put again is the same one; another one under its key is refused', async () => {
    const [a, k] = [tenant(), key()];
    const content = input({ attachments: [file(Buffer.from('a')), file(Buffer.from('b'))] });
    const first = await parts.put(a, k, content);
    const again = await parts.put(a, k, content);
    expect(again).toEqual({ ...first, created: false });
    const others = [
      input({ ...content, text: 'other' }),
      input({ ...content, headers: { 'X-A': '1' } }),
      input({ ...content, attachments: content.attachments.toReversed() }),
      input({ ...content, attachments: content.attachments.slice(1) }),
      input({
        ...content,
        attachments: [file(Buffer.from('a')), file(Buffer.from('b'), { filename: 'c' })],
      }),
    ];
    for (const other of others)
      await expect(parts.put(a, k, other)).rejects.toMatchObject({
        status: 409,
        code: 'content_key_conflict',
      });
    expect(await parts.usage(a)).toEqual(await parts.counted(a));
    expect(await parts.wrongCounts()).toEqual([]);
  });

  it('put ten times at once is stored once', async () => {
    const [a, k] = [tenant(), key()];
    const content = input({ html: wordy(30_000), attachments: [file(randomBytes(2000))] });
    const puts = await Promise.all(Array.from({ length: 10 }, () => parts.put(a, k, content)));
    expect(puts.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(puts.map(({ files }) => files[0].id)).size).toBe(1);
    expect(await parts.usage(a)).toEqual(await parts.counted(a));
    expect(await parts.wrongCounts()).toEqual([]);
  });

  it('is deleted while it is pending, and then leaves nothing', async () => {
    const [a, k] = [tenant(), key()];
    await parts.put(a, k, input({ html: wordy(30_000), attachments: [file(randomBytes(2000))] }));
    expect((await parts.usage(a)).objects).toBe(1);
    await parts.delete(a, k);
    await expect(parts.get(callerOf(a), k)).rejects.toMatchObject({ status: 404 });
    expect(await parts.usage(a)).toEqual({ bytes: 0, objects: 0 });
    expect(await parts.rows('SELECT FROM content_blobs WHERE tenant_id = $1', [a])).toEqual([]);
  });

  it('is not deleted once something refers to it', async () => {
    const [a, k] = [tenant(), key()];
    await parts.put(a, k, input());
    await parts.attach([a, k]);
    await expect(parts.delete(a, k)).rejects.toMatchObject({
      status: 409,
      code: 'content_not_deletable',
    });
    expect((await parts.get(callerOf(a), k)).row.state).toBe('attached');
  });
});

describe('equal bytes', () => {
  it('are stored once per tenant and never shared between tenants', async () => {
    const [a, b] = [tenant(), tenant()];
    const [logo, html] = [randomBytes(9000), wordy(60_000)];
    const content = input({ html, attachments: [file(logo), file(logo, { filename: 'copy' })] });
    const keys = [key(), key(), key()];
    for (const k of keys) await parts.put(a, k, content);
    await parts.put(b, key(), content);
    const blobs = await parts.rows(
      `SELECT tenant_id, ref_count, raw_size_bytes FROM content_blobs
       WHERE tenant_id = ANY($1) ORDER BY ref_count`,
      [[a, b]],
    );
    expect(blobs).toMatchObject([
      { tenant_id: b, ref_count: 1 },
      { tenant_id: b, ref_count: 2 },
      { tenant_id: a, ref_count: 3 },
      { tenant_id: a, ref_count: 6, raw_size_bytes: 9000 },
    ]);
    expect(await parts.usage(a)).toEqual(await parts.counted(a));
    for (const k of keys.slice(1)) await parts.delete(a, k);
    expect((await parts.get(callerOf(a), keys[0])).body.html).toBe(html);
    expect(await parts.wrongCounts()).toEqual([]);
    await parts.delete(a, keys[0]);
    expect(await parts.usage(a)).toEqual({ bytes: 0, objects: 0 });
    expect(await parts.counted(b)).toEqual(await parts.usage(b));
  });

  it('survive contents that come and go at the same time', async () => {
    const a = tenant();
    const files = Array.from({ length: 4 }, () => randomBytes(500));
    const churn = async (turn: number) => {
      const k = key();
      const [one, two] = [files[turn % 4], files[(turn * 3 + 1) % 4]];
      await parts.put(a, k, input({ attachments: [file(one), file(two)] }));
      if (turn % 3 !== 0) await parts.delete(a, k);
      else expect((await parts.get(callerOf(a), k)).files).toHaveLength(2);
    };
    await Promise.all(Array.from({ length: 60 }, (_, turn) => churn(turn)));
    expect(await parts.wrongCounts()).toEqual([]);
    expect(await parts.usage(a)).toEqual(await parts.counted(a));
    expect((await parts.usage(a)).objects).toBe(20);
  });
});

describe('damaged bytes', () => {
  const damages: [string, Partial<ContentInput>, string][] = [
    [
      'inline text',
      { text: 'hello' },
      `UPDATE content_objects SET content_text = 'hallo' WHERE storage_key = $1`,
    ],
    [
      'headers',
      { headers: { 'X-A': '1' } },
      `UPDATE content_objects SET headers = '{"X-A": "2"}' WHERE storage_key = $1`,
    ],
    [
      'a compressed body',
      { text: wordy(5000) },
      `UPDATE content_objects SET content_encoding = set_byte(content_encoding, 30, (get_byte(content_encoding, 30) + 1) % 256) WHERE storage_key = $1`,
    ],
    [
      'a body in a blob',
      { html: wordy(50_000) },
      `UPDATE content_blobs b SET bytes = set_byte(bytes, 40, (get_byte(bytes, 40) + 1) % 256)
       FROM content_objects o WHERE o.content_blob_hash = b.content_hash AND o.tenant_id = b.tenant_id AND o.storage_key = $1`,
    ],
    [
      'another body in the place of this one',
      { text: wordy(5000) },
      `UPDATE content_objects SET content_encoding = o.content_encoding, compressed_size_bytes = o.compressed_size_bytes
       FROM (SELECT content_encoding, compressed_size_bytes FROM content_objects
         WHERE content_encoding IS NOT NULL AND raw_size_bytes > 6000 LIMIT 1) o WHERE storage_key = $1`,
    ],
  ];

  it.each(damages)(
    'in %s are refused and reported, to tenants and to the worker',
    async (_, change, damage) => {
      const [a, k] = [tenant(), key()];
      await parts.put(a, k, input(change));
      await parts.admin.query(damage, [k]);
      const refused = { status: 502, code: 'content_corrupted' };
      await expect(parts.get(callerOf(a), k)).rejects.toMatchObject(refused);
      const fetched = await parts.fetch(grant(a, k), [[a, k]]);
      expect(fetched).toEqual({
        contents: [],
        missing: [{ tenantId: a, storageKey: k }],
        deferred: [],
      });
      const alarms = await parts.outbox<{ subject_id: string }>('system.event_raised.v1');
      const mine = alarms.filter(({ data }) => data.subject_id === k);
      expect(mine).toHaveLength(2);
      expect(mine[0].data).toMatchObject({ event_type: 'content_corrupted', severity: 'critical' });
    },
  );

  it('in a file are refused and reported', async () => {
    const [a, k] = [tenant(), key()];
    const { files } = await parts.put(a, k, input({ attachments: [file(randomBytes(3000))] }));
    await parts.admin.query(
      'UPDATE content_blobs SET bytes = set_byte(bytes, 7, (get_byte(bytes, 7) + 1) % 256) WHERE tenant_id = $1',
      [a],
    );
    await expect(parts.download(callerOf(a), k, files[0].id)).rejects.toMatchObject({
      code: 'content_corrupted',
    });
    expect((await parts.fetch(grant(a, k), [[a, k]])).contents).toEqual([]);
    expect((await parts.get(callerOf(a), k)).body.text).toBe('hello');
  });
});

describe('fetching for the worker', () => {
  it('gives what the grants name, each once, and nothing else', async () => {
    const [a, b] = [tenant(), tenant()];
    const [mine, ungranted, foreign] = [key(), key(), key()];
    const bytes = randomBytes(5000);
    await parts.put(a, mine, input({ html: '', attachments: [file(bytes)] }));
    await parts.put(a, ungranted, input());
    await parts.put(b, foreign, input());
    const granted = new Map([
      [a, new Set([mine, foreign])],
      [b, new Set([mine])],
    ]);
    const answer = await parts.fetch(granted, [
      [a, mine],
      [a, ungranted],
      [a, foreign],
      [b, foreign],
      [b, mine],
      [a, mine],
    ]);
    expect(answer.contents).toMatchObject([
      { tenantId: a, storageKey: mine, body: { text: 'hello', html: '' } },
    ]);
    expect(answer.contents[0].files[0].bytes.equals(bytes)).toBe(true);
    const missing = answer.missing.map(({ tenantId, storageKey }) => [tenantId, storageKey]);
    expect(new Set(missing)).toEqual(
      new Set([
        [a, ungranted],
        [a, foreign],
        [b, foreign],
        [b, mine],
      ]),
    );
    expect(await parts.rows('SELECT FROM content_access_log WHERE tenant_id = $1', [a])).toEqual(
      [],
    );
  });

  it('reads many tenants together, each its own bodies and files', async () => {
    const tenants = Array.from({ length: 5 }, () => ({ id: tenant(), keys: [key(), key()] }));
    for (const [n, { id, keys }] of tenants.entries()) {
      const attachments = n % 2 === 0 ? [file(Buffer.from(`file of ${n}`))] : [];
      await parts.put(id, keys[0], input({ text: `first of ${n}`, attachments }));
      await parts.put(id, keys[1], input({ text: `second of ${n}` }));
    }
    const granted = new Map(tenants.map(({ id, keys }) => [id, new Set(keys)]));
    const asked = tenants.flatMap(({ id, keys }) => keys.map((k): [string, string] => [id, k]));
    const { contents, missing, deferred } = await parts.fetch(granted, asked);
    expect([missing, deferred]).toEqual([[], []]);
    const got = contents.map(({ tenantId, body, files }) => ({
      n: tenants.findIndex(({ id }) => id === tenantId),
      text: body.text,
      files: files.map(({ bytes }) => String(bytes)),
    }));
    expect(got).toEqual(
      tenants.flatMap((_, n) => [
        { n, text: `first of ${n}`, files: n % 2 === 0 ? [`file of ${n}`] : [] },
        { n, text: `second of ${n}`, files: [] },
      ]),
    );
  });

  it('defers what does not fit into one answer', async () => {
    const [a, big, small] = [tenant(), key(), key()];
    const bytes = Buffer.alloc(25 * 1024 * 1024 - 1000, 1);
    await parts.put(a, big, input({ attachments: [file(bytes)] }));
    await parts.put(a, small, input());
    const granted = grant(a, big, small);
    const answer = await parts.fetch(granted, [
      [a, big],
      [a, small],
    ]);
    expect(answer.contents.map(({ storageKey }) => storageKey)).toEqual([big]);
    expect(answer.deferred).toEqual([{ tenantId: a, storageKey: small }]);
    const next = await parts.fetch(granted, [[a, small]]);
    expect(next).toMatchObject({ contents: [{ storageKey: small }], missing: [], deferred: [] });
  });
});

describe('the access log', () => {
  it('says who read which body and file', async () => {
    const [a, k] = [tenant(), key()];
    const { files } = await parts.put(a, k, input({ attachments: [file(Buffer.from('x'))] }));
    const caller = callerOf(a);
    await parts.get(caller, k);
    await parts.download(caller, k, files[0].id);
    const log = await parts.rows(
      'SELECT * FROM content_access_log WHERE tenant_id = $1 ORDER BY accessed_at',
      [a],
    );
    const who = { actor_kind: 'api_key', actor_id: caller.actor.id, storage_key: k };
    expect(log).toMatchObject([
      { ...who, purpose: 'view_content', attachment_id: null, request_id: caller.requestId },
      { ...who, purpose: 'download_attachment', attachment_id: files[0].id },
    ]);
  });

  it('cannot be changed by the service', async () => {
    const a = tenant();
    for (const statement of [
      'DELETE FROM content_access_log',
      `UPDATE content_access_log SET purpose = 'x'`,
    ]) {
      const attempt = parts.database.tenants.transaction(a, (tx) => tx.query(statement));
      await expect(attempt).rejects.toMatchObject({ code: '42501' });
    }
  });
});

describe('usage', () => {
  it('keeps its sum when it is folded, also while rows are added', async () => {
    const a = tenant();
    for (let turn = 0; turn < 5; turn += 1) await parts.put(a, key(), input({ text: wordy(500) }));
    const before = await parts.usage(a);
    const adding = Array.from({ length: 10 }, () =>
      parts.put(a, key(), input({ text: wordy(500) })),
    );
    await Promise.all([...adding, parts.fold(2), parts.fold(2)]);
    const after = await parts.usage(a);
    expect(after).toEqual({ bytes: before.bytes * 3, objects: 15 });
    await parts.fold(2);
    expect(await parts.rows('SELECT FROM tenant_usage WHERE tenant_id = $1', [a])).toHaveLength(1);
    expect(await parts.usage(a)).toEqual(await parts.counted(a));
  });
});

describe('the database', () => {
  const columns = `storage_key, tenant_id, raw_size_bytes, content_hash, compressed_size_bytes`;
  const values = `'${key()}', '${tenant()}', 1, repeat('a', 64), 1`;
  it.each([
    [
      'a body in two places',
      'content_text, content_encoding, compression_algorithm',
      `'x', '\\x00', 'zstd'`,
    ],
    ['a compressed body that says it is not', 'content_encoding', `'\\x00'`],
    ['an archived content without a reference', 'state', `'archived'`],
    ['a reference to the archive of an attached content', 'state, archive_ref', `'attached', 'x'`],
    ['a condemned content that nobody asked about', 'state', `'condemned'`],
    ['a denied content that is not condemned', 'references_denied_at', 'now()'],
    ['an unknown state', 'state', `'gone'`],
    ['headers that are no object', 'headers', `'[]'`],
  ])('refuses %s', async (_, column, value) => {
    const insert = `INSERT INTO content_objects (${columns}, ${column}) VALUES (${values}, ${value})`;
    await expect(parts.admin.query(insert)).rejects.toMatchObject({ code: '23514' });
  });
});
