import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newEmailId, newId } from '@penguinmails/contracts';
import { attempt, content, email, FILE_ID, STORAGE_KEY } from './world/recorded.js';
import { problem } from './world/scripted-tier.js';
import { errorsOf, refused, World } from './world/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());

const GET_EMAIL = 'GET /internal/emails/:id';
const GET_CONTENT = 'GET /internal/contents/:key';
const GET_FILE = 'GET /internal/contents/:key/attachments/:id';
const LIST_ATTEMPTS = 'GET /internal/jobs/:id/attempts';
const ID = newEmailId();
const FILE = `/v1/emails/${ID}/attachments/${FILE_ID}`;
const DOWN = (tier: string) => problem(503, 'tier_unavailable', { tier });
const bytes = Buffer.from('0123456789');
const etag = `"${'cd'.repeat(32)}"`;
const fileHeaders = {
  etag,
  'content-type': 'text/html',
  'content-disposition': `attachment; filename="r.csv"; filename*=UTF-8''r.csv`,
};

beforeEach(() => {
  world.reset();
  const stored = { email: email({ id: ID }), content_storage_key: STORAGE_KEY };
  world.tiers.oltp.on(GET_EMAIL, { status: 200, body: stored });
  world.tiers.content.on(GET_CONTENT, { status: 200, body: content() });
  world.tiers.content.on(GET_FILE, { status: 200, body: bytes, headers: fileHeaders });
  world.tiers.queue.on(LIST_ATTEMPTS, { status: 200, body: { data: [attempt()] } });
});

describe('GET /v1/emails/{id}', () => {
  it('is the e-mail alone, and asks oltp alone', async () => {
    const { status, body, headers } = await world.call('GET', `/v1/emails/${ID}`);
    expect([status, body.object, body.id]).toEqual([200, 'email', ID]);
    expect(body).not.toHaveProperty('degraded');
    expect(body).not.toHaveProperty('row_version');
    expect(headers.get('cache-control')).toBe('no-store');
    expect([world.tiers.content.asked, world.tiers.queue.asked]).toEqual([[], []]);
  });

  it('is composed of three tiers', async () => {
    const { body } = await world.call('GET', `/v1/emails/${ID}?include=content,attempts`);
    expect(body).toMatchObject({ id: ID, degraded: false });
    expect(body.content).toEqual({
      status: 'ok',
      as_of: expect.any(String),
      error: null,
      data: {
        object: 'email_content',
        email_id: ID,
        text: 'Hello',
        html: null,
        headers: { 'X-Order': '4711' },
        attachments: [
          {
            id: FILE_ID,
            filename: 'report.csv',
            content_type: 'text/csv',
            size_bytes: 100,
            disposition: 'attachment',
            content_id: null,
          },
        ],
      },
    });
    expect(body.attempts).toMatchObject({ status: 'ok', data: [{ attempt: 1, code: 451 }] });
    expect(world.tiers.queue.asked[0].path).toBe(`/internal/jobs/${ID}/attempts`);
    expect(world.tiers.content.asked[0].path).toBe(`/internal/contents/${STORAGE_KEY}`);
  });

  it('says which part is missing, and shows the others', async () => {
    world.tiers.content.on(GET_CONTENT, DOWN('content'));
    const { status, body, headers } = await world.call(
      'GET',
      `/v1/emails/${ID}?include=attempts,content`,
    );
    expect([status, body.degraded, headers.get('cache-control')]).toEqual([200, true, 'no-store']);
    expect(body.content).toEqual({
      status: 'unavailable',
      as_of: null,
      data: null,
      error: {
        code: 'tier_unavailable',
        detail: expect.stringContaining('Message contents cannot be reached'),
        tier: 'content',
        retryable: true,
      },
    });
    expect(body.attempts).toMatchObject({ status: 'ok' });
  });

  it('says so of damaged and of missing content, and of a dead queue', async () => {
    world.tiers.content.on(GET_CONTENT, problem(502, 'content_corrupted'));
    world.tiers.queue.on(LIST_ATTEMPTS, 'cut');
    const damaged = await world.call('GET', `/v1/emails/${ID}?include=content,attempts`);
    expect(damaged.body).toMatchObject({
      degraded: true,
      content: { status: 'unavailable', error: { code: 'content_corrupted', tier: null } },
      attempts: { status: 'unavailable', error: { code: 'tier_unavailable', tier: 'queue' } },
    });
    world.tiers.content.on(GET_CONTENT, problem(404, 'not_found'));
    const missing = await world.call('GET', `/v1/emails/${ID}?include=content`);
    expect(missing.body).toMatchObject({
      degraded: true,
      content: { error: { code: 'not_found' } },
    });
    expect(missing.body).not.toHaveProperty('attempts');
  });

  it('cannot do without oltp', async () => {
    world.tiers.oltp.on(GET_EMAIL, DOWN('oltp'));
    const answer = await world.call('GET', `/v1/emails/${ID}?include=content`);
    expect([refused(answer), answer.body.tier]).toEqual([[503, 'tier_unavailable'], 'oltp']);
  });

  it.each(['events', '', 'content,', 'content, attempts', 'content&include=attempts', 'Content'])(
    'has no part %j',
    async (include) => {
      const answer = await world.call('GET', `/v1/emails/${ID}?include=${include}`);
      expect(refused(answer)).toEqual([400, 'invalid_parameter']);
      expect(errorsOf(answer)).toEqual(['include invalid_include']);
    },
  );
});

describe('an id that is nobody’s, somebody else’s or nonsense', () => {
  const templates = ['', '/content', `/attachments/${FILE_ID}`];

  it('is answered alike', async () => {
    world.tiers.oltp.on(
      GET_EMAIL,
      problem(404, 'not_found', { detail: 'There is no such resource.' }),
    );
    for (const rest of templates) {
      const ids = [newEmailId(), 'not-an-id', '%00', "'; DROP TABLE emails--", 'x'.repeat(100)];
      const answers = [];
      for (const id of ids)
        answers.push(await world.call('GET', `/v1/emails/${encodeURIComponent(id)}${rest}`));
      for (const { status, body, headers } of answers) {
        expect([status, body.code]).toEqual([404, 'not_found']);
        expect({ ...body, request_id: '', instance: '' }).toEqual({
          request_id: '',
          instance: '',
          type: 'urn:penguinmails:problem:not_found',
          title: 'Not Found',
          status: 404,
          detail: 'There is no such resource.',
          code: 'not_found',
          retryable: false,
        });
        expect([...headers.keys()].sort()).toEqual([...answers[0].headers.keys()].sort());
      }
    }
    expect(world.tiers.content.asked).toEqual([]);
  });

  it('is so for jobs, notifications and files too', async () => {
    world.tiers.queue.on('GET /internal/jobs/:id', problem(404, 'not_found'));
    world.tiers.notifications.on('PATCH /internal/notifications/:id', problem(404, 'not_found'));
    world.tiers.content.on(GET_FILE, problem(404, 'not_found'));
    const body = { is_read: true };
    for (const id of [newId(), 'nonsense']) {
      expect((await world.call('GET', `/v1/jobs/${id}`)).status).toBe(404);
      expect((await world.call('PATCH', `/v1/notifications/${id}`, { body })).status).toBe(404);
      expect((await world.call('GET', `/v1/emails/${ID}/attachments/${id}`)).status).toBe(404);
      expect((await world.call('POST', `/v1/emails/${id}/cancel`)).status).not.toBe(200);
    }
  });
});

describe('GET /v1/emails/{id}/content', () => {
  it('is the content', async () => {
    const { status, body } = await world.call('GET', `/v1/emails/${ID}/content`);
    expect([status, body.object, body.text]).toEqual([200, 'email_content', 'Hello']);
  });

  it.each([
    [DOWN('content'), 503, 'tier_unavailable'],
    [problem(502, 'content_corrupted'), 502, 'content_corrupted'],
    [problem(404, 'not_found'), 404, 'not_found'],
  ])('is not there when content says so', async (reply, status, code) => {
    world.tiers.content.on(GET_CONTENT, reply);
    expect(refused(await world.call('GET', `/v1/emails/${ID}/content`))).toEqual([status, code]);
  });

  it('takes no parameter', async () => {
    expect(refused(await world.call('GET', `/v1/emails/${ID}/content?include=x`))).toEqual([
      400,
      'unknown_parameter',
    ]);
  });
});

describe('GET /v1/emails/{id}/attachments/{attachment_id}', () => {
  const get = (headers: Record<string, string> = {}) => world.call('GET', FILE, { headers });

  it('is the file, as a download that no browser runs', async () => {
    const { status, text, headers } = await get();
    expect([status, text]).toEqual([200, '0123456789']);
    expect(headers.get('etag')).toBe(etag);
    expect(headers.get('content-type')).toBe('text/html');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="r\.csv"/);
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    expect(headers.get('accept-ranges')).toBe('bytes');
    expect(headers.get('content-length')).toBe('10');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('is 304 for a copy with its tag, whoever sees that first', async () => {
    for (const tag of [etag, `"x", ${etag}`, `W/${etag}`, '*']) {
      const { status, text } = await get({ 'if-none-match': tag });
      expect([status, text]).toEqual([304, '']);
    }
    world.tiers.content.on(GET_FILE, { status: 304, headers: { etag } });
    expect((await get({ 'if-none-match': etag })).status).toBe(304);
    expect(world.tiers.content.asked.at(-1)?.headers['if-none-match']).toBe(etag);
    world.tiers.content.on(GET_FILE, { status: 200, body: bytes, headers: fileHeaders });
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  it.each<[Record<string, string>, number, string, string | null]>([
    [{ range: 'bytes=2-4' }, 206, '234', 'bytes 2-4/10'],
    [{ range: 'bytes=-3' }, 206, '789', 'bytes 7-9/10'],
    [{ range: 'bytes=8-' }, 206, '89', 'bytes 8-9/10'],
    [{ range: 'bytes=2-4', 'if-range': etag }, 206, '234', 'bytes 2-4/10'],
    [{ range: 'bytes=2-4', 'if-range': '"old"' }, 200, '0123456789', null],
    [{ range: 'bytes=0-1,4-5' }, 200, '0123456789', null],
  ])('in parts: %j', async (headers, status, text, range) => {
    const answer = await get(headers);
    expect([answer.status, answer.text, answer.headers.get('content-range')]).toEqual([
      status,
      text,
      range,
    ]);
  });

  it('has no part behind its end', async () => {
    const answer = await get({ range: 'bytes=10-' });
    expect(refused(answer)).toEqual([416, 'range_not_satisfiable']);
    expect(answer.headers.get('content-range')).toBe('bytes */10');
    expect(answer.headers.get('content-disposition')).toBeNull();
  });

  it('is 502 when it is damaged, 503 when content is down', async () => {
    world.tiers.content.on(GET_FILE, problem(502, 'content_corrupted'));
    expect(refused(await get())).toEqual([502, 'content_corrupted']);
    world.tiers.content.on(GET_FILE, 'cut');
    expect(refused(await get())).toEqual([503, 'tier_unavailable']);
  });
});

describe('POST /v1/emails/{id}/cancel', () => {
  const CANCEL = 'POST /internal/emails/:id/cancel';
  const path = `/v1/emails/${ID}/cancel`;
  const key = { 'idempotency-key': 'k' };
  const refusal = problem(409, 'email_not_cancellable');

  it('is the cancelled e-mail', async () => {
    world.tiers.oltp.on(CANCEL, { status: 200, body: email({ id: ID, status: 'cancelled' }) });
    for (const ask of [{}, { body: {} }, { raw: '' }, { headers: key }]) {
      const { status, body } = await world.call('POST', path, ask);
      expect([status, body.status]).toEqual([200, 'cancelled']);
    }
    expect(refused(await world.call('POST', path, { body: { reason: 'x' } }))).toEqual([
      422,
      'validation_failed',
    ]);
  });

  it('is 409 when it is too late', async () => {
    world.tiers.oltp.on(CANCEL, refusal);
    expect(refused(await world.call('POST', path))).toEqual([409, 'email_not_cancellable']);
    expect(refused(await world.call('POST', path, { headers: key }))).toEqual([
      409,
      'email_not_cancellable',
    ]);
  });

  it('may be repeated under a key when its answer was lost', async () => {
    world.tiers.oltp.on(CANCEL, refusal);
    const stored = {
      email: email({ id: ID, status: 'cancelled' }),
      content_storage_key: STORAGE_KEY,
    };
    world.tiers.oltp.on(GET_EMAIL, { status: 200, body: stored });
    const { status, body, headers } = await world.call('POST', path, { headers: key });
    expect([status, body.status]).toEqual([200, 'cancelled']);
    expect(headers.get('idempotent-replayed')).toBe('true');
    expect(refused(await world.call('POST', path))).toEqual([409, 'email_not_cancellable']);
  });
});
