import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { type EventType, newId, newStorageKey, topicOf } from '@penguinmails/contracts';
import {
  collectEvents,
  type EventCollector,
  eventually,
  oneAtATime,
  produceEvents,
  testBrokers,
} from '@penguinmails/testing';
import { contentHash } from '../../src/content/content-hash.js';
import { ContentService, grantOf, serviceToken, tenantToken } from './content-service.js';
import {
  accepted,
  answered,
  badRequests,
  base64,
  file,
  hasty,
  message,
  path,
  type ProblemBody,
  type Stored,
} from './content-requests.js';

const brokers = testBrokers();
const topics = (...types: EventType[]) => types.map((type) => topicOf(type, 'content'));

describe('the content service', () => {
  let service: ContentService;
  let events: EventCollector;
  beforeAll(async () => {
    const written = ['penguinmails.system.event_raised.v1'] as const;
    [service, events] = await Promise.all([
      ContentService.start(),
      collectEvents(brokers, topics(...written)),
    ]);
  });
  afterAll(async () => {
    await events.stop();
    await service.stop();
  });

  async function put(tenantId: string, body: unknown, key = newStorageKey()) {
    const token = await tenantToken(tenantId);
    return { key, token, answer: await service.request<Stored>('PUT', path(key), { token, body }) };
  }

  const stored = () => service.rows('SELECT storage_key FROM content_objects');

  it('stores, repeats, serves and deletes a content', async () => {
    const bytes = randomBytes(3000);
    const body = message({ attachments: [file(bytes)] });
    const { key, token, answer } = await put(newId(), body);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      storage_key: key,
      raw_size_bytes: Buffer.byteLength('día 🐧'),
      total_size_bytes: Buffer.byteLength('día 🐧') + 3000,
      content_hash: contentHash({ text: 'día 🐧', html: '' }, { 'X-Ref': 'ü' }),
      attachments: [
        {
          id: expect.any(String),
          filename: 'Bericht "1" ü.pdf',
          content_type: 'application/pdf',
          size_bytes: 3000,
          disposition: 'attachment',
          content_id: null,
          content_hash: createHash('sha256').update(bytes).digest('hex'),
        },
      ],
    });
    const again = await service.request('PUT', path(key), { token, body });
    expect([again.status, again.body]).toEqual([200, answer.body]);
    const other = await service.request('PUT', path(key), { token, body: message() });
    expect([other.status, other.body.code]).toEqual([409, 'content_key_conflict']);

    const got = await service.request<Stored>('GET', path(key), { token });
    expect(got.status).toBe(200);
    expect(got.headers.get('cache-control')).toBe('no-store');
    expect(got.body).toEqual({
      ...answer.body,
      state: 'pending',
      text: 'día 🐧',
      html: '',
      headers: { 'X-Ref': 'ü' },
    });
    const gone = await service.request('DELETE', path(key), { token });
    expect(gone.status).toBe(204);
    expect((await service.request('GET', path(key), { token })).status).toBe(404);
    expect((await service.request('DELETE', path(key), { token })).status).toBe(404);
  });

  it('takes contents together from the gateway, each for its own caller', async () => {
    const [a, key] = [newId(), newStorageKey()];
    const callers = [await tenantToken(a), await tenantToken(a, ['emails:read'])];
    const item = { caller: 0, request_id: 'r', trace: {}, subject: key, body: message() };
    const items = [item, { ...item, caller: 1 }, { ...item, subject: 'cnt_x' }];
    const url = '/internal/contents:put_together';
    const ask = (token?: string) =>
      service.request<{ answers: { status: number }[] }>('POST', url, {
        token,
        body: { callers, items },
      });
    for (const wrong of [callers[0], await serviceToken('worker')])
      expect((await ask(wrong)).status).toBe(403);
    expect((await ask()).status).toBe(401);
    const answer = await ask(await serviceToken('gateway'));
    expect(answer.status).toBe(200);
    expect(answer.body.answers.map(({ status }) => status)).toEqual([201, 403, 422]);
    const got = await service.request('GET', path(key), { token: callers[0] });
    expect(got.body).toMatchObject({ text: message().text, state: 'pending' });
  });

  it('serves a file as a download with its hash as ETag', async () => {
    const bytes = randomBytes(2000);
    const { key, token, answer } = await put(newId(), message({ attachments: [file(bytes)] }));
    const [{ id, content_hash: hash }] = answer.body.attachments;
    const url = `${path(key)}/attachments/${id}`;
    const got = await service.request<Buffer>('GET', url, { token });
    expect(got.status).toBe(200);
    expect(got.body.equals(bytes)).toBe(true);
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'application/pdf',
      'content-length': '2000',
      'content-disposition': `attachment; filename="Bericht _1_ _.pdf"; filename*=UTF-8''Bericht%20%221%22%20%C3%BC.pdf`,
      etag: `"${hash}"`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const headers = { 'if-none-match': `"${hash}"` };
    const unchanged = await service.request<Buffer>('GET', url, { token, headers });
    expect([unchanged.status, unchanged.body.length]).toEqual([304, 0]);
    const unknown = await service.request('GET', `${path(key)}/attachments/${newId()}`, { token });
    expect(unknown.status).toBe(404);
  });

  it('takes 25 MB of files and gives them back', async () => {
    const parts = [randomBytes(13_000_000), Buffer.alloc(12_000_000, 'penguin ')];
    const body = message({ attachments: parts.map((part) => file(part)) });
    const { key, token, answer } = await put(newId(), body);
    expect(answer.status).toBe(201);
    for (const [at, { id }] of answer.body.attachments.entries()) {
      const url = `${path(key)}/attachments/${id}`;
      const got = await service.request<Buffer>('GET', url, { token });
      expect(got.body.equals(parts[at])).toBe(true);
    }
  });

  it.each(badRequests)('refuses %s and stores nothing', async (_, body, status, code, pointers) => {
    const before = await stored();
    const { answer } = await put(newId(), body);
    const problem = answer.body as unknown as ProblemBody;
    expect([answer.status, problem.code]).toEqual([status, code]);
    expect((problem.errors ?? []).map(({ pointer }) => pointer)).toEqual(pointers);
    expect(await stored()).toEqual(before);
  });

  it('refuses a key of another shape', async () => {
    const { answer } = await put(newId(), message(), 'cnt_short');
    expect([answer.status, (answer.body as unknown as ProblemBody).code]).toEqual([
      422,
      'invalid_storage_key',
    ]);
  });

  it('answers a foreign, an unknown and an impossible key alike', async () => {
    const { key, answer } = await put(newId(), message({ attachments: [file(Buffer.from('x'))] }));
    const token = await tenantToken(newId());
    const id = answer.body.attachments[0].id;
    const ask = async (method: string, url: string) => {
      const { status, body } = await service.request<ProblemBody>(method, url, { token });
      return [status, { ...body, request_id: '', instance: '' }];
    };
    for (const suffix of ['', `/attachments/${id}`]) {
      const unknown = await ask('GET', path(newStorageKey()) + suffix);
      expect(unknown[0]).toBe(404);
      expect(await ask('GET', path(key) + suffix)).toEqual(unknown);
      expect(await ask('GET', path('nonsense') + suffix)).toEqual(unknown);
    }
    expect(await ask('DELETE', path(key))).toEqual(await ask('DELETE', path(newStorageKey())));
  });

  it('lets in nobody without the right token', async () => {
    const tenantId = newId();
    const key = newStorageKey();
    const status = async (token?: string, method = 'GET') =>
      (
        await service.request(method, path(key), {
          token,
          body: method === 'PUT' ? message() : undefined,
        })
      ).status;
    expect(await status()).toBe(401);
    expect(await status('nonsense')).toBe(401);
    expect(await status(await tenantToken(tenantId, ['emails:read'], 'oltp'))).toBe(401);
    expect(await status(await serviceToken('gateway'))).toBe(403);
    expect(await status(await serviceToken('worker'))).toBe(403);
    expect(await status(await tenantToken(tenantId, ['emails:read']), 'PUT')).toBe(403);
    expect(await status(await tenantToken(tenantId, ['emails:send']))).toBe(403);
    expect(await status(await tenantToken(tenantId))).toBe(404);
    const fetchWith = async (token: string) =>
      (
        await service.request('POST', '/internal/contents:fetch', {
          token,
          body: { grants: [], items: [] },
        })
      ).status;
    expect(await fetchWith(await tenantToken(tenantId))).toBe(403);
    expect(await fetchWith(await serviceToken('gateway'))).toBe(403);
    expect(await fetchWith(await serviceToken('worker'))).toBe(200);
  });

  describe('asked by the worker', () => {
    const ask = async (grants: string[], pairs: [string, string][]) => {
      const items = pairs.map(([tenant_id, storage_key]) => ({ tenant_id, storage_key }));
      return service.request<{
        contents: unknown[];
        missing: unknown[];
        deferred: unknown[];
        code?: string;
      }>('POST', '/internal/contents:fetch', {
        token: await serviceToken('worker'),
        body: { grants, items },
      });
    };

    it('gives what a grant names', async () => {
      const [a, b] = [newId(), newId()];
      const bytes = randomBytes(900);
      const mine = await put(a, message({ attachments: [file(bytes, { content_id: 'logo@x' })] }));
      const foreign = await put(b, message());
      const grants = [await grantOf({ [a]: [mine.key, foreign.key], [b]: [] })];
      const { status, body } = await ask(grants, [
        [a, mine.key],
        [a, foreign.key],
        [b, foreign.key],
      ]);
      expect(status).toBe(200);
      expect(body.contents).toEqual([
        {
          tenant_id: a,
          storage_key: mine.key,
          text: 'día 🐧',
          html: '',
          headers: { 'X-Ref': 'ü' },
          attachments: [{ ...mine.answer.body.attachments[0], content: base64(bytes) }],
        },
      ]);
      expect(body.missing).toHaveLength(2);
      expect(body.deferred).toEqual([]);
    });

    it('gives every tenant of a grant what is named for it, and takes several grants', async () => {
      const [a, b, c] = [newId(), newId(), newId()];
      const [ofA, ofB, ofC] = await Promise.all([a, b, c].map((id) => put(id, message())));
      const grants = [
        await grantOf({ [a]: [ofA.key], [b]: [ofB.key] }),
        await grantOf({ [c]: [ofC.key] }),
      ];
      const { body } = await ask(grants, [
        [a, ofA.key],
        [b, ofB.key],
        [c, ofC.key],
      ]);
      expect(body.contents).toMatchObject([
        { tenant_id: a, storage_key: ofA.key },
        { tenant_id: b, storage_key: ofB.key },
        { tenant_id: c, storage_key: ofC.key },
      ]);
      const swapped = await grantOf({ [a]: [ofB.key], [b]: [ofA.key] });
      const refused = await ask(
        [swapped],
        [
          [a, ofA.key],
          [b, ofB.key],
        ],
      );
      expect(refused.body.contents).toEqual([]);
      expect(refused.body.missing).toHaveLength(2);
    });

    it('refuses grants that queue did not sign or whose lease is over, good ones beside or not', async () => {
      const { key } = await put(newId(), message());
      const tenantId = newId();
      const keys = { [tenantId]: [key] };
      const past = await grantOf(keys, { expiresAt: new Date(Date.now() - 5000) });
      for (const grant of [past, await grantOf(keys, { forged: true }), 'x.y.z']) {
        for (const grants of [[grant], [await grantOf(keys), grant]]) {
          const { status, body } = await ask(grants, [[tenantId, key]]);
          expect([status, body.code]).toEqual([401, 'invalid_grant']);
        }
      }
    });

    it('takes a grant over a full lease', async () => {
      const tenantId = newId();
      const keys = Array.from({ length: 500 }, newStorageKey);
      const { status, body } = await ask(
        [await grantOf({ [tenantId]: keys })],
        [[tenantId, keys[0]]],
      );
      expect(status).toBe(200);
      expect(body.missing).toEqual([{ tenant_id: tenantId, storage_key: keys[0] }]);
    });
  });

  it('attaches what an accepted e-mail names; then it cannot be deleted', async () => {
    const tenantId = newId();
    const { key, token } = await put(tenantId, message());
    await produceEvents(brokers, [accepted(tenantId, key)]);
    await eventually(async () => {
      const { body } = await service.request<Stored>('GET', path(key), { token });
      expect(body.state).toBe('attached');
    });
    const refused = await service.request('DELETE', path(key), { token });
    expect([refused.status, refused.body.code]).toEqual([409, 'content_not_deletable']);
  });

  it('raises an alarm for a claim on a content that it does not have', async () => {
    const [tenantId, key] = [newId(), newStorageKey()];
    await produceEvents(brokers, [accepted(tenantId, key)]);
    const alarm = await events.waitFor((event) => event.subject === key);
    expect(alarm).toMatchObject({
      topic: 'penguinmails.internal.content.system.v1',
      tenantId,
      data: { event_type: 'content_missing', severity: 'critical', subject_id: key },
    });
  });

  it('never serves damaged bytes, and tells operators', async () => {
    const tenantId = newId();
    const { key, token } = await put(tenantId, message());
    await service.rows(`UPDATE content_objects SET content_text = 'x' WHERE storage_key = $1`, [
      key,
    ]);
    const { status, body } = await service.request('GET', path(key), { token });
    expect([status, body.code]).toEqual([502, 'content_corrupted']);
    expect(JSON.stringify(body)).not.toContain(key.slice(4, 12) + 'x');
    const alarm = await events.waitFor((event) => event.subject === key);
    expect(alarm.data).toMatchObject({ event_type: 'content_corrupted', code: 'hash_mismatch' });
  });

  it('says how it is', async () => {
    const token = await serviceToken('gateway');
    await eventually(async () => {
      const { status, body } = await service.request('GET', '/internal/health', { token });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        tier: 'content',
        database: { reachable: true, latency_ms: expect.any(Number), pool: { max: 50 } },
        outbox: { depth: 0 },
        consumer: { state: 'running', lag: expect.any(Number) },
      });
    });
    const { status } = await service.request('GET', '/internal/health', {
      token: await tenantToken(newId()),
    });
    expect(status).toBe(403);
  });
});

describe('a content that nobody claims', () => {
  let service: ContentService;
  let questions: EventCollector;
  let letOltpRun: () => Promise<void>;
  beforeAll(async () => {
    // An oltp of another file answers questions on the same Kafka, and denies what it does not know.
    letOltpRun = await oneAtATime('group oltp');
    [service, questions] = await Promise.all([
      ContentService.start(hasty),
      collectEvents(brokers, topics('penguinmails.content.references_asked.v1')),
    ]);
  }, 300_000);
  afterAll(async () => {
    try {
      await questions.stop();
      await service.stop();
    } finally {
      await letOltpRun();
    }
  });

  it('is asked about over Kafka; what oltp holds stays, what it denies goes', async () => {
    const tenantId = newId();
    const token = await tenantToken(tenantId);
    const [held, denied, silent] = [newStorageKey(), newStorageKey(), newStorageKey()];
    for (const key of [held, denied, silent])
      expect((await service.request('PUT', path(key), { token, body: message() })).status).toBe(
        201,
      );
    const askedAbout = (key: string) =>
      questions.waitFor(({ data }) => (data?.keys as string[]).includes(key));
    for (const key of [held, denied, silent])
      expect(await askedAbout(key)).toMatchObject({ tenantId });
    await produceEvents(brokers, [
      answered(tenantId, [held], []),
      answered(tenantId, [], [denied]),
    ]);
    const statusOf = async (key: string) =>
      (await service.request('GET', path(key), { token })).status;
    await eventually(async () => expect(await statusOf(denied)).toBe(404), { timeoutMs: 30_000 });
    expect([await statusOf(held), await statusOf(silent)]).toEqual([200, 200]);
    const states = await service.rows('SELECT storage_key, state FROM content_objects');
    expect(new Map(states.map((row) => [row.storage_key, row.state]))).toEqual(
      new Map([
        [held, 'attached'],
        [silent, 'condemned'],
      ]),
    );
  });
});
