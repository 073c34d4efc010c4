import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewContent } from '../../src/clients/content.client.js';
import type { NewEmail } from '../../src/clients/oltp.client.js';
import { content, email } from './world/recorded.js';
import { type Asked, type Behaviour, problem } from './world/scripted-tier.js';
import { type Answer, errorsOf, refused, World } from './world/world.js';

const MIB = 1024 * 1024;

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());

const PUT = 'PUT /internal/contents/:key';
const DELETE = 'DELETE /internal/contents/:key';
const ACCEPT = 'POST /internal/emails';
const RESERVE = 'POST /internal/idempotency:reserve';
const RELEASE = 'POST /internal/idempotency:release';

/** Accepts as oltp does: the resource repeats what was asked. */
const accept = ({ body }: Asked): Behaviour => {
  const { id, from, to, subject, reply_to, tags, scheduled_at } = body as NewEmail;
  return { status: 202, body: email({ id, from, to, subject, reply_to, tags, scheduled_at }) };
};

beforeEach(() => {
  world.reset();
  const { oltp, content: store } = world.tiers;
  store.on(PUT, { status: 201, body: content() }).on(DELETE, { status: 204 });
  oltp.on(ACCEPT, accept).on(RELEASE, { status: 204 });
  oltp.on(RESERVE, { status: 200, body: { state: 'reserved' } });
});

const message = {
  from: 'hello@demo.sandbox.test',
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'Hi Ada',
};
const attachment = { filename: 'a.txt', content: 'SGVsbG8=' };
const send = (change: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  world.call('POST', '/v1/emails', { body: { ...message, ...change }, headers });
const withKey = (key = 'order-4711') => ({ 'idempotency-key': key });

/** What changes something at a tier, in the order in which it was asked. */
const writes = (): string[] =>
  [...world.tiers.oltp.asked, ...world.tiers.content.asked]
    .map(({ route }) => route)
    .filter((route) => !route.includes('keys:resolve'));

describe('POST /v1/emails', () => {
  it('stores the content, then the row that refers to it, and answers 202 with its place', async () => {
    const answer = await send({
      html: '<p>Hi</p>',
      reply_to: 'Help.Desk@demo.sandbox.test',
      headers: { 'X-Order': '4711', References: '<a@b>' },
      tags: [{ name: 'kind', value: 'welcome mail' }],
      attachments: [
        { ...attachment, content_type: 'text/plain', disposition: 'inline', content_id: 'a@b' },
        attachment,
      ],
    });
    expect(answer.status).toBe(202);
    const [put] = world.tiers.content.askedOf(PUT);
    const [row] = world.tiers.oltp.askedOf(ACCEPT);
    expect(put.path).toMatch(/^\/internal\/contents\/cnt_[A-Za-z0-9_-]{22}$/);
    expect(put.body).toEqual({
      text: 'Hi Ada',
      html: '<p>Hi</p>',
      headers: { 'X-Order': '4711', References: '<a@b>' },
      attachments: [
        {
          ...attachment,
          content_type: 'text/plain',
          disposition: 'inline',
          content_id: 'a@b',
        },
        {
          ...attachment,
          content_type: 'application/octet-stream',
          disposition: 'attachment',
          content_id: null,
        },
      ],
    } satisfies NewContent);
    expect(row.body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7.{17}[89a-f][0-9a-f]{3}$/),
      storage_key: put.path.split('/').at(-1),
      from: message.from,
      to: message.to,
      subject: message.subject,
      reply_to: 'Help.Desk@demo.sandbox.test',
      tags: [{ name: 'kind', value: 'welcome mail' }],
      scheduled_at: null,
      size_bytes: 105,
    });
    const { id } = row.body as NewEmail;
    expect(answer.body).toMatchObject({ object: 'email', id, status: 'queued' });
    expect(answer.headers.get('location')).toBe(`/v1/emails/${id}`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('idempotent-replayed')).toBeNull();
    expect(writes()).toEqual([ACCEPT, PUT]);
  });

  it('takes a time ahead, in any zone, and hands it on in UTC', async () => {
    const ahead = new Date(Date.now() + 3_600_000).toISOString();
    const zoned = ahead.replace('Z', '+00:00');
    expect((await send({ scheduled_at: zoned })).status).toBe(202);
    expect(world.tiers.oltp.askedOf(ACCEPT)[0].body).toMatchObject({ scheduled_at: ahead });
  });

  it('takes 25 files and megabytes of them', async () => {
    const file = { filename: 'a.bin', content: Buffer.alloc(MIB / 8, 7).toString('base64') };
    const answer = await send({ attachments: Array.from({ length: 25 }, () => file) });
    expect(answer.status).toBe(202);
    const [put] = world.tiers.content.askedOf(PUT);
    expect((put.body as NewContent).attachments).toHaveLength(25);
  });
});

/** The status that a POST gets for announcing that many bytes, none of which is sent. */
const statusOfAnnounced = (path: string, bytes: number): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${world.key}`,
      'content-type': 'application/json',
      'content-length': String(bytes),
    };
    const asked = request(`${world.url}${path}`, { method: 'POST', headers }, (response) => {
      resolve(response.statusCode);
      asked.destroy();
    });
    asked.on('error', reject);
    asked.flushHeaders();
  });
const tagged = (count: number) => Array.from({ length: count }, () => ({ name: 'a', value: 'b' }));
const inFuture = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

describe('bad input stores nothing', () => {
  const nothingStored = (): void => {
    expect(world.tiers.content.asked).toEqual([]);
    expect(writes().filter((route) => route === ACCEPT)).toEqual([]);
  };

  it.each<[string, object, string[]]>([
    ['an unknown field', { cc: 'eve@evil.example' }, ['/cc unknown_field']],
    [
      'a foreign id',
      { id: 'x', tenant_id: 'x' },
      ['/id unknown_field', '/tenant_id unknown_field'],
    ],
    ['an inherited name', { constructor: { a: 1 } }, ['/constructor unknown_field']],
    ['no recipient', { to: undefined }, ['/to invalid_address']],
    ['two recipients', { to: 'a@b.example,c@d.example' }, ['/to invalid_address']],
    ['a list of recipients', { to: ['a@b.example'] }, ['/to invalid_address']],
    ['a recipient with CR LF', { to: 'a@b.example\r\nBcc: e@f.example' }, ['/to invalid_address']],
    ['a recipient with NUL', { to: 'a@b.example\0' }, ['/to invalid_address']],
    ['a sender with LF', { from: 'a@b.example\n' }, ['/from invalid_address']],
    ['a sender with a name', { from: 'Ada <a@b.example>' }, ['/from invalid_address']],
    ['an answer to two', { reply_to: 'a@b.example, c@d.example' }, ['/reply_to invalid_address']],
    ['no subject', { subject: null }, ['/subject invalid_subject']],
    ['a subject of two lines', { subject: 'a\r\nBcc: x' }, ['/subject invalid_subject']],
    ['a long subject', { subject: 'a'.repeat(999) }, ['/subject invalid_subject']],
    ['no body', { text: undefined }, ['/text body_missing']],
    ['a body that is no text', { text: { a: 1 } }, ['/text is_string']],
    ['a body with NUL', { html: '\0' }, ['/html invalid_text']],
    ['a header of ours', { headers: { Bcc: 'e@f.example' } }, ['/headers/Bcc header_not_allowed']],
    [
      'a header of two lines',
      { headers: { 'X-A': 'a\r\nBcc: x' } },
      ['/headers/X-A invalid_header'],
    ],
    [
      'a header’s name of two lines',
      { headers: { 'X-A\r\nBcc': 'x' } },
      ['/headers/X-A\r\nBcc header_not_allowed'],
    ],
    ['headers that are a list', { headers: ['X-A: b'] }, ['/headers is_object']],
    ['eleven tags', { tags: tagged(11) }, ['/tags array_max_size']],
    ['a tag without a name', { tags: [{ value: 'x' }] }, ['/tags/0/name invalid_tag_name']],
    ['a tag with more', { tags: [{ name: 'a', value: 'b', c: 'd' }] }, ['/tags/0/c unknown_field']],
    ['10,000 tags', { tags: tagged(10_000) }, ['/tags array_too_long']],
    ['no time', { scheduled_at: 'tomorrow' }, ['/scheduled_at invalid_time']],
    ['a time gone by', { scheduled_at: inFuture(-1) }, ['/scheduled_at in_the_past']],
    ['a time far ahead', { scheduled_at: inFuture(366) }, ['/scheduled_at too_far_ahead']],
    ['26 files', { attachments: Array(26).fill(attachment) }, ['/attachments array_max_size']],
    [
      'a path',
      { attachments: [{ ...attachment, filename: '../x' }] },
      ['/attachments/0/filename invalid_filename'],
    ],
    [
      'a path to read',
      { attachments: [{ ...attachment, path: '/etc/passwd' }] },
      ['/attachments/0/path unknown_field'],
    ],
    [
      'half base64',
      { attachments: [{ ...attachment, content: 'SGVsbG8' }] },
      ['/attachments/0/content invalid_base64'],
    ],
    [
      'a URL',
      { attachments: [{ ...attachment, content: { href: 'x' } }] },
      ['/attachments/0/content invalid_base64'],
    ],
    [
      'a type of two lines',
      { attachments: [{ ...attachment, content_type: 'a/b\r\nX: y' }] },
      ['/attachments/0/content_type invalid_content_type'],
    ],
    [
      'a third disposition',
      { attachments: [{ ...attachment, disposition: 'x' }] },
      ['/attachments/0/disposition is_in'],
    ],
    [
      'a content id in brackets',
      { attachments: [{ ...attachment, content_id: '<a>' }] },
      ['/attachments/0/content_id invalid_content_id'],
    ],
  ])('%s: 422', async (_name, change, errors) => {
    const answer = await send(change);
    expect(refused(answer)).toEqual([422, 'validation_failed']);
    expect(errorsOf(answer)).toEqual(errors);
    nothingStored();
  });

  it.each<[string, string | Uint8Array<ArrayBuffer>, number, string]>([
    ['cut JSON', '{"from":', 400, 'malformed_json'],
    ['no JSON', 'from=a', 400, 'malformed_json'],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 400, 'malformed_json'],
    ['a prototype', '{"__proto__":{"admin":true}}', 400, 'malformed_json'],
    ['a depth bomb', '['.repeat(100_000) + ']'.repeat(100_000), 400, 'json_too_deep'],
    [
      'a hidden depth bomb',
      `{"headers":${'{"a":'.repeat(40)}1${'}'.repeat(40)}}`,
      400,
      'json_too_deep',
    ],
    ['a list', '[]', 422, 'validation_failed'],
    ['a text', '"x"', 422, 'validation_failed'],
    ['nothing', 'null', 422, 'validation_failed'],
  ])('%s', async (_name, raw, status, code) => {
    expect(refused(await world.call('POST', '/v1/emails', { raw }))).toEqual([status, code]);
    nothingStored();
  });

  it('a request over the limit: 413 before it is read', async () => {
    for (const [path, limit] of [
      ['/v1/emails', 48 * MIB],
      ['/v1/api-keys', MIB],
    ] as const)
      expect(await statusOfAnnounced(path, limit + 1)).toBe(413);
    nothingStored();
  });

  it('a message over a limit: 413', async () => {
    const long = await send({ html: 'x'.repeat(5 * MIB + 1) });
    expect(refused(long)).toEqual([413, 'body_too_large']);
    expect(errorsOf(long)).toEqual(['/html too_long']);
    nothingStored();
  });

  it('another media type: 415', async () => {
    const body = new URLSearchParams(message).toString();
    for (const type of ['application/x-www-form-urlencoded', 'text/plain', 'application/xml'])
      expect(
        refused(
          await world.call('POST', '/v1/emails', { raw: body, headers: { 'content-type': type } }),
        ),
      ).toEqual([415, 'unsupported_media_type']);
    nothingStored();
  });

  it('no body at all: 422; an unknown query parameter: 400', async () => {
    expect(refused(await world.call('POST', '/v1/emails'))).toEqual([422, 'validation_failed']);
    const answer = await world.call('POST', '/v1/emails?dry_run=1', { body: message });
    expect(refused(answer)).toEqual([400, 'unknown_parameter']);
    nothingStored();
  });
});

describe('a tier that refuses or fails', () => {
  it('content is down: 503 of content, and nothing else was written', async () => {
    world.tiers.content.on(PUT, problem(503, 'tier_unavailable', { tier: 'content' }));
    const answer = await send();
    expect(refused(answer)).toEqual([503, 'tier_unavailable']);
    expect(answer.body).toMatchObject({ tier: 'content', retryable: true });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(writes()).toEqual([PUT]);
  });

  it('content refuses a file: its pointers are the message’s', async () => {
    const errors = [{ pointer: '/attachments/0/content', code: 'disguised_program', detail: 'x' }];
    world.tiers.content.on(PUT, problem(422, 'validation_failed', { errors }));
    expect(errorsOf(await send())).toEqual(['/attachments/0/content disguised_program']);
    expect(writes()).toEqual([PUT]);
  });

  it.each<[string, Behaviour, number, string]>([
    ['an unknown sender', problem(422, 'sender_not_allowed'), 422, 'sender_not_allowed'],
    ['a used up plan', problem(429, 'plan_limit_reached'), 429, 'plan_limit_reached'],
    ['a lost key', problem(409, 'idempotency_holder_lost'), 409, 'idempotency_holder_lost'],
  ])('oltp refuses %s: the content is taken back', async (_name, reply, status, code) => {
    world.tiers.oltp.on(ACCEPT, reply);
    expect(refused(await send())).toEqual([status, code]);
    expect(writes()).toEqual([ACCEPT, PUT, DELETE]);
    const [put, taken] = world.tiers.content.asked;
    expect(taken.path).toBe(put.path);
  });

  it('oltp was never reached: the content is taken back', async () => {
    await world.call('GET', '/v1/emails');
    world.tiers.oltp.asked.length = 0;
    world.tiers.content.on(PUT, () => {
      void world.tiers.oltp.stop();
      return { status: 201, body: content() };
    });
    const answer = await send();
    await world.tiers.oltp.start();
    expect(refused(answer)).toEqual([503, 'tier_unavailable']);
    expect(answer.body).toMatchObject({ tier: 'oltp', retryable: true });
    expect(writes()).toEqual([PUT, DELETE]);
  });

  it.each<[string, Behaviour]>([
    ['cuts the connection', 'cut'],
    ['says 500', problem(500, 'internal_error')],
    ['says 503', problem(503, 'tier_unavailable', { tier: 'oltp' })],
  ])('oltp %s: nobody can tell, so the content stays for the reaper', async (_name, reply) => {
    world.tiers.oltp.on(ACCEPT, reply);
    const answer = await send({}, withKey());
    expect(refused(answer)).toEqual([503, 'tier_unavailable']);
    expect(answer.body).toMatchObject({ tier: 'oltp', retryable: true });
    expect(writes()).toEqual([RESERVE, ACCEPT, PUT]);
  });

  it('the content cannot be taken back: the answer is oltp’s all the same', async () => {
    world.tiers.oltp.on(ACCEPT, problem(422, 'sender_not_allowed'));
    world.tiers.content.on(DELETE, problem(503, 'tier_unavailable', { tier: 'content' }));
    expect(refused(await send())).toEqual([422, 'sender_not_allowed']);
    expect(world.logs.join('')).toContain('content not taken back');
  });
});
