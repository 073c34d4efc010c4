import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { NewEmail } from '../../src/clients/oltp.client.js';
import { content, email, NIL } from './world/recorded.js';
import { type Asked, type Behaviour, problem } from './world/scripted-tier.js';
import { type Answer, newKey, refused, World } from './world/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
  answerAll();
  // The first request of a process pays for connections and compilation.
  await send(0);
});
afterAll(() => world.stop());

const PUT = 'PUT /internal/contents/:key';
const DELETE = 'DELETE /internal/contents/:key';
const ACCEPT = 'POST /internal/emails';
const RESERVE = 'POST /internal/idempotency:reserve';
const RELEASE = 'POST /internal/idempotency:release';
const MANY = 24;

const accept = ({ body }: Asked): Behaviour => {
  const { id, from, to, subject } = body as NewEmail;
  return { status: 202, body: email({ id, from, to, subject }) };
};

function answerAll(): void {
  world.reset();
  const { oltp, content: store } = world.tiers;
  store.on(PUT, { status: 201, body: content() }).on(DELETE, { status: 204 });
  oltp.on(ACCEPT, accept).on(RELEASE, { status: 204 });
  oltp.on(RESERVE, { status: 200, body: { state: 'reserved' } });
}
beforeEach(answerAll);

const send = (
  at: number,
  change: object = {},
  key = world.key,
  headers: Record<string, string> = { 'idempotency-key': `order-${at}` },
): Promise<Answer> =>
  world.call('POST', '/v1/emails', {
    key,
    body: {
      from: 'hello@demo.sandbox.test',
      to: `r${at}@example.com`,
      subject: `Hello ${at}`,
      text: `Hi ${at}`,
      ...change,
    },
    headers,
  });
const all = <T>(work: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: MANY }, (_value, at) => work(at)));

describe('many requests at once', () => {
  it('travel together and are answered each by its own', async () => {
    const answers = await all((at) => send(at));
    expect(answers.map(({ status }) => status)).toEqual(Array(MANY).fill(202));
    expect(answers.map(({ body }) => body.subject)).toEqual(
      answers.map((_answer, at) => `Hello ${at}`),
    );
    const { oltp, content: store } = world.tiers;
    expect(store.askedOf(PUT)).toHaveLength(MANY);
    expect(oltp.askedOf(ACCEPT)).toHaveLength(MANY);
    expect(Math.max(...store.gathered)).toBeGreaterThan(1);
    expect(Math.max(...oltp.gathered)).toBeGreaterThan(1);
    const keys = oltp.askedOf(ACCEPT).map(({ body }) => (body as NewEmail).storage_key);
    expect(new Set(keys).size).toBe(MANY);
    const stored = store.askedOf(PUT).map(({ path }) => path.split('/').at(-1));
    expect(stored.sort()).toEqual(keys.sort());
  });

  it('are asked for under the key that each of them came with', async () => {
    const tenants = [1, 2, 3, 4].map((n) => `0198c0de-0000-7000-8000-00000000000${n}`);
    const keys = tenants.map((tenant) => newKey('live', tenant));
    world.tiers.oltp.on('POST /internal/keys:resolve', ({ body }) => {
      const { tenant_id } = body as { tenant_id: string };
      return {
        status: 200,
        body: {
          key_id: tenant_id,
          tenant_id,
          kind: 'tenant',
          mode: 'live',
          scopes: ['emails:send'],
          user_id: NIL,
          tenant_status: 'active',
          expires_at: null,
        },
      };
    });
    await all((at) => send(at, {}, keys[at % keys.length]));
    const callers = world.tiers.oltp
      .askedOf(ACCEPT)
      .map(({ caller, body }) => [(body as NewEmail).subject, caller.tenantId]);
    expect(callers.sort()).toEqual(
      callers.map(([subject]) => [subject, tenants[Number(subject.split(' ')[1]) % 4]]).sort(),
    );
    expect(new Set(callers.map(([, tenant]) => tenant)).size).toBe(4);
  });

  it('one that is refused takes nothing from the others, and its own traces are removed', async () => {
    world.tiers.oltp.on(ACCEPT, (asked) =>
      (asked.body as NewEmail).subject === 'Hello 7'
        ? problem(422, 'sender_not_allowed')
        : accept(asked),
    );
    const answers = await all((at) => send(at));
    expect(answers.map(({ status }) => status)).toEqual(
      answers.map((_answer, at) => (at === 7 ? 422 : 202)),
    );
    expect(refused(answers[7])).toEqual([422, 'sender_not_allowed']);
    const [bad] = world.tiers.oltp
      .askedOf(ACCEPT)
      .filter(({ body }) => (body as NewEmail).subject === 'Hello 7');
    const { storage_key } = bad.body as NewEmail;
    expect(world.tiers.content.askedOf(DELETE).map(({ path }) => path)).toEqual([
      `/internal/contents/${storage_key}`,
    ]);
    const released = world.tiers.oltp
      .askedOf(RELEASE)
      .map(({ body }) => (body as { key: string }).key);
    expect(released).toEqual(['order-7']);
  });

  it('one that oltp could not answer may be accepted: nothing of it is taken back', async () => {
    world.tiers.oltp.on(ACCEPT, (asked) =>
      (asked.body as NewEmail).subject === 'Hello 7'
        ? problem(500, 'internal_error')
        : accept(asked),
    );
    const answers = await all((at) => send(at));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(MANY - 1);
    expect(refused(answers[7])).toEqual([503, 'tier_unavailable']);
    expect(world.tiers.content.askedOf(DELETE)).toEqual([]);
    expect(world.tiers.oltp.askedOf(RELEASE)).toEqual([]);
  });

  it('a connection that breaks under an acceptance leaves all of them open', async () => {
    world.tiers.oltp.on(ACCEPT, 'cut');
    const answers = await all((at) => send(at));
    expect(new Set(answers.map((answer) => refused(answer).join(' ')))).toEqual(
      new Set(['503 tier_unavailable']),
    );
    const { oltp, content: store } = world.tiers;
    const asked = oltp.askedOf(ACCEPT).map(({ body }) => (body as NewEmail).storage_key);
    const deleted = store.askedOf(DELETE).map(({ path }) => path.split('/').at(-1) ?? '');
    // Those that the open breaker kept back were certainly not accepted; the others are not touched.
    expect(deleted.filter((key) => asked.includes(key))).toEqual([]);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('what an open breaker keeps back is not left behind', async () => {
    const { oltp, content: store } = world.tiers;
    oltp.on(ACCEPT, 'cut');
    const keysOf = (asked: readonly Asked[]) =>
      asked.map(({ path }) => path.split('/').at(-1) ?? '').sort();
    const asked = () => oltp.askedOf(ACCEPT).map(({ body }) => (body as NewEmail).storage_key);
    let before: number;
    do {
      before = asked().length;
      const headers = {};
      expect(refused(await send(before, {}, world.key, headers))).toEqual([
        503,
        'tier_unavailable',
      ]);
    } while (asked().length > before);
    const keptBack = keysOf(store.askedOf(PUT)).filter((key) => !asked().includes(key));
    expect(keptBack).toHaveLength(1);
    expect(keysOf(store.askedOf(DELETE))).toEqual(keptBack);
  });
});
