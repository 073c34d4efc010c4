import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, tiers } from '@penguinmails/contracts';
import { NIL, parkedEvent } from './world/recorded.js';
import { problem } from './world/scripted-tier.js';
import { refused, World } from './world/world.js';

const PATH = '/v1/admin/parked-events';
const LIST = 'GET /internal/parked-events';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());
beforeEach(() => {
  world.reset();
  for (const tier of tiers) world.tiers[tier].on(LIST, page([], false));
});

const page = (data: object[], has_more: boolean) => ({ status: 200, body: { data, has_more } });
const at = (second: number, change: object = {}) =>
  parkedEvent({ created_at: `2026-06-01T12:00:${10 + second}.000000Z`, ...change });
const call = (method: string, path = PATH, body?: object) =>
  world.call(method, path, { key: world.platformKey, body });
const shown = (body: Record<string, unknown>) =>
  (body.data as { tier: string; offset: string }[]).map(({ tier, offset }) => `${tier} ${offset}`);

describe('GET /v1/admin/parked-events', () => {
  it('is one list of all tiers, newest first, and its cursor counts in each of them', async () => {
    const rows = [6, 5, 4, 3, 2, 1].map((second) => at(second, { offset: String(second) }));
    world.tiers.queue.on(LIST, page([rows[0], rows[3]], true));
    world.tiers.olap.on(LIST, page([rows[1], rows[2]], false));
    const first = await call('GET', `${PATH}?limit=2`);
    expect(first.body).toMatchObject({
      object: 'list',
      has_more: true,
      url: PATH,
      degraded: false,
    });
    expect(shown(first.body)).toEqual(['queue 6', 'olap 5']);
    expect(JSON.stringify(first.body)).not.toContain('internal"');
    expect(first.body.tiers).toEqual(tiers.map((tier) => ({ tier, status: 'ok', error: null })));
    await call('GET', `${PATH}?limit=2&after=${first.body.next_cursor}`);
    const keyset = { after_created_at: rows[1].created_at, after_id: rows[1].id };
    for (const tier of tiers) {
      const [one, two] = world.tiers[tier].askedOf(LIST);
      expect(one.query).toEqual({ limit: '2' });
      expect(two.query).toEqual({ limit: '2', ...keyset });
      expect(one.caller).toMatchObject({ tenantId: NIL, actor: { kind: 'platform_key' } });
    }
  });

  it('goes on without a tier that is down, and says so', async () => {
    world.tiers.queue.on(LIST, page([at(1)], false));
    world.tiers.content.on(LIST, 'cut');
    const { status, body } = await call('GET');
    expect([status, body.degraded, shown(body)]).toEqual([200, true, ['queue 42']]);
    const states = body.tiers as { tier: string; status: string; error: object | null }[];
    expect(states.filter((one) => one.status === 'degraded')).toEqual([
      { tier: 'content', status: 'degraded', error: expect.objectContaining({ tier: 'content' }) },
    ]);
  });

  it('is filtered, also by tier', async () => {
    const filter = { topic: 'penguinmails.public.email.events.v1', key: 'a b', state: 'dead' };
    const { key: event_key, ...same } = filter;
    const query = new URLSearchParams({ tier: 'olap', event_key, ...same }).toString();
    world.tiers.olap.on(LIST, page([at(1, { state: 'dead' })], false));
    const { body } = await call('GET', `${PATH}?${query}`);
    expect(shown(body)).toEqual(['olap 42']);
    expect(world.tiers.olap.askedOf(LIST)[0].query).toEqual({ limit: '25', ...filter });
    expect(world.tiers.queue.asked).toEqual([]);
  });

  it.each(['tier=gateway', 'state=lost', 'topic=A%20b', 'event_key=', 'limit=0'])(
    'has no %s',
    async (query) => {
      expect(refused(await call('GET', `${PATH}?${query}`))).toEqual([400, 'invalid_parameter']);
    },
  );
});

describe('one parked event', () => {
  const event = parkedEvent();
  const of = (action = '', tier = 'queue', id: string = event.id) =>
    `${PATH}/${tier}/${id}${action}`;

  it('is read from its tier', async () => {
    world.tiers.queue.on('GET /internal/parked-events/:id', { status: 200, body: event });
    const { status, body } = await call('GET', of());
    expect([status, body.id, body.tier]).toEqual([200, event.id, 'queue']);
  });

  it.each([
    ['retry', 202],
    ['discard', 200],
    ['replay', 202],
  ])('%s is passed to its tier with the operator’s key', async (action, expected) => {
    const route = `POST /internal/parked-events/:id/${action}`;
    world.tiers.queue.on(route, { status: expected, body: event });
    const { status, body } = await call('POST', of(`/${action}`));
    expect([status, body.id, body.tier]).toEqual([expected, event.id, 'queue']);
    const [asked] = world.tiers.queue.askedOf(route);
    expect(asked.path).toContain(event.id);
    expect(asked.caller.actor.kind).toBe('platform_key');
    const filled = await call('POST', of(`/${action}`), { force: true });
    expect(refused(filled)).toEqual([422, 'validation_failed']);
  });

  it('of no tier, no id, or that its tier does not know is 404', async () => {
    const routes = ['GET /internal/parked-events/:id', 'POST /internal/parked-events/:id/discard'];
    for (const route of routes) world.tiers.queue.on(route, problem(404, 'not_found'));
    for (const path of [of(), of('', 'gateway'), of('', 'queue', 'x')])
      expect(refused(await call('GET', path))).toEqual([404, 'not_found']);
    for (const path of [of('/discard', 'queue', newId()), of('/discard', 'worker')])
      expect(refused(await call('POST', path))).toEqual([404, 'not_found']);
    expect(world.tiers.oltp.askedOf(LIST)).toEqual([]);
  });

  it('in the wrong state is 409, and a dead tier 503', async () => {
    const route = 'POST /internal/parked-events/:id/replay';
    world.tiers.queue.on(route, problem(409, 'wrong_parked_state'));
    expect(refused(await call('POST', of('/replay')))).toEqual([409, 'wrong_parked_state']);
    world.tiers.queue.on(route, 'cut');
    expect(refused(await call('POST', of('/replay')))).toEqual([503, 'tier_unavailable']);
  });
});
