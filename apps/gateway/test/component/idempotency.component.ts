import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { content, email } from './world/recorded.js';
import { problem } from './world/scripted-tier.js';
import { type Answer, errorsOf, newKey, refused, World } from './world/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());

const PUT = 'PUT /internal/contents/:key';
const ACCEPT = 'POST /internal/emails';
const RESERVE = 'POST /internal/idempotency:reserve';
const RELEASE = 'POST /internal/idempotency:release';

beforeEach(() => {
  world.reset();
  const { oltp, content: store } = world.tiers;
  store.on(PUT, { status: 201, body: content() });
  store.on('DELETE /internal/contents/:key', { status: 204 });
  oltp.on(ACCEPT, { status: 202, body: email() }).on(RELEASE, { status: 204 });
  oltp.on(RESERVE, { status: 200, body: { state: 'reserved' } });
});

const message = {
  from: 'hello@demo.sandbox.test',
  to: 'ada@example.com',
  subject: 'Hello',
  text: 'Hi Ada',
};
const withKey = (key = 'order-4711') => ({ 'idempotency-key': key });
const send = (change: object = {}, headers: Record<string, string> = {}): Promise<Answer> =>
  world.call('POST', '/v1/emails', { body: { ...message, ...change }, headers });
const inFuture = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();

/** What changes something at a tier: oltp's first, in the order in which it was asked. */
const writes = (): string[] =>
  [...world.tiers.oltp.asked, ...world.tiers.content.asked]
    .map(({ route }) => route)
    .filter((route) => !route.includes('keys:resolve'));

describe('Idempotency-Key', () => {
  const reserved = (body: object) => world.tiers.oltp.on(RESERVE, { status: 200, body });

  it('is reserved before anything lasting happens and handed to oltp', async () => {
    expect((await send({}, withKey())).status).toBe(202);
    expect(writes()).toEqual([RESERVE, ACCEPT, PUT]);
    const { fingerprint, ...claim } = world.tiers.oltp.askedOf(RESERVE)[0].body as {
      fingerprint: string;
    };
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(claim).toEqual({
      key: 'order-4711',
      method: 'POST',
      route: '/v1/emails',
      holder: expect.any(String),
    });
    expect(world.tiers.oltp.askedOf(ACCEPT)[0].body).toMatchObject({ idempotency: claim });
  });

  it('has one fingerprint for one body however it is written, and a holder for each request', async () => {
    await send({}, withKey());
    await world.call('POST', '/v1/emails', {
      body: Object.fromEntries(Object.entries({ html: null, ...message }).reverse()),
      headers: withKey(),
    });
    await send({ text: 'Hi Eve' }, withKey());
    const asked = world.tiers.oltp
      .askedOf(RESERVE)
      .map(({ body }) => body as Record<string, string>);
    const [first, again, other] = asked.map(({ fingerprint }) => fingerprint);
    expect([again === first, other === first]).toEqual([true, false]);
    expect(new Set(asked.map(({ holder }) => holder)).size).toBe(3);
  });

  it('has another fingerprint for a test key: a try must not pass for the live e-mail', async () => {
    await send({}, withKey());
    world.knowKeys({ mode: 'test' });
    await world.call('POST', '/v1/emails', {
      key: newKey('test'),
      body: message,
      headers: withKey(),
    });
    const [live, test] = world.tiers.oltp.askedOf(RESERVE).map(({ body }) => body);
    expect(live).not.toMatchObject({ fingerprint: (test as Record<string, string>).fingerprint });
  });

  it('replays the answer that was given, also when its time has gone by since', async () => {
    const given = email({ status: 'delivered' });
    reserved({ state: 'done', status: 202, response: given });
    const answer = await send({ scheduled_at: inFuture(-1) }, withKey());
    expect([answer.status, answer.body.id]).toEqual([202, given.id]);
    expect(answer.headers.get('idempotent-replayed')).toBe('true');
    expect(answer.headers.get('location')).toBe(`/v1/emails/${given.id}`);
    expect(writes()).toEqual([RESERVE]);
  });

  it('is refused with another body, and while the first request runs', async () => {
    reserved({ state: 'mismatch' });
    expect(refused(await send({}, withKey()))).toEqual([422, 'idempotency_key_reused']);
    reserved({ state: 'in_progress' });
    const running = await send({}, withKey());
    expect(refused(running)).toEqual([409, 'idempotency_in_progress']);
    expect(running.body.retryable).toBe(true);
    expect(running.headers.get('retry-after')).toBe('1');
    expect(writes()).toEqual([RESERVE, RESERVE]);
  });

  it.each<[string, () => void]>([
    ['oltp refused', () => world.tiers.oltp.on(ACCEPT, problem(422, 'sender_not_allowed'))],
    ['content refused', () => world.tiers.content.on(PUT, problem(422, 'validation_failed'))],
    ['content is down', () => world.tiers.content.on(PUT, 'cut')],
  ])('is given back when %s', async (_name, arrange) => {
    arrange();
    await send({}, withKey());
    const [release] = world.tiers.oltp.askedOf(RELEASE);
    const reserve = world.tiers.oltp.askedOf(RESERVE)[0].body as object;
    expect(reserve).toEqual({ ...(release.body as object), fingerprint: expect.any(String) });
  });

  it('is given back when the time is wrong, and the request’s own error stays when that fails', async () => {
    world.tiers.oltp.on(RELEASE, problem(500, 'internal_error'));
    expect(errorsOf(await send({ scheduled_at: inFuture(-1) }, withKey()))).toEqual([
      '/scheduled_at in_the_past',
    ]);
    expect(world.tiers.oltp.askedOf(RELEASE)).toHaveLength(1);
    expect(world.logs.join('')).toContain('idempotency key not released');
  });

  it('needs oltp: 503 before anything is stored', async () => {
    world.tiers.oltp.on(RESERVE, 'cut');
    const answer = await send({}, withKey());
    expect([refused(answer), answer.body.tier]).toEqual([[503, 'tier_unavailable'], 'oltp']);
    expect(world.tiers.content.asked).toEqual([]);
  });

  it.each(['', ' ', 'a b', 'é', 'a'.repeat(256)])('cannot be %j', async (key) => {
    const headers = { 'idempotency-key': Buffer.from(key).toString('latin1') };
    expect(refused(await send({}, headers))).toEqual([400, 'invalid_idempotency_key']);
    expect(writes()).toEqual([]);
  });

  it('may be 255 characters', async () => {
    expect((await send({}, withKey('~'.repeat(255)))).status).toBe(202);
  });
});
