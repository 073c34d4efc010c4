import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newEmailId, type Tier, tiers } from '@penguinmails/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@penguinmails/testing';
import {
  attempt,
  billing,
  content,
  email,
  job,
  notification,
  STORAGE_KEY,
} from './world/recorded.js';
import type { Behaviour } from './world/scripted-tier.js';
import { type Answer, newKey, refused, World } from './world/world.js';

const ID = newEmailId();
const message = { from: 'a@demo.sandbox.test', to: 'b@example.com', subject: 'x', text: 'x' };
/** Nothing is open longer because of a dead tier; the rest is the test's own way. */
const LONGEST_MS = 3_000 + 300;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());
/** Every tier answers what the routes below need. */
const script = (): void => {
  world.reset();
  const { oltp, content: store, queue, olap, notifications } = world.tiers;
  const page = (row: object): Behaviour => ({
    status: 200,
    body: { data: [row], has_more: false },
  });
  const stored = { email: email({ id: ID }), content_storage_key: STORAGE_KEY };
  oltp.on('GET /internal/emails', page(email()));
  oltp.on('GET /internal/emails/:id', { status: 200, body: stored });
  oltp.on('POST /internal/emails', { status: 202, body: email() });
  store.on('GET /internal/contents/:key', { status: 200, body: content() });
  store.on('PUT /internal/contents/:key', { status: 201, body: content() });
  queue.on('GET /internal/jobs/:id', { status: 200, body: job() });
  queue.on('GET /internal/jobs/:id/attempts', { status: 200, body: { data: [attempt()] } });
  olap.on('GET /internal/billing', { status: 200, body: billing() });
  notifications.on('GET /internal/notifications', page(notification()));
};
beforeEach(async () => {
  script();
  await succeeds(['GET', '/v1/notifications']);
}, 60_000);

const ROUTES: Readonly<Record<Tier, readonly [string, string, object?][]>> = {
  oltp: [
    ['POST', '/v1/emails', message],
    ['GET', '/v1/emails'],
    ['GET', `/v1/emails/${ID}?include=content,attempts`],
    ['GET', `/v1/emails/${ID}/content`],
  ],
  content: [
    ['POST', '/v1/emails', message],
    ['GET', `/v1/emails/${ID}/content`],
  ],
  olap: [['GET', '/v1/analytics/billing']],
  queue: [['GET', `/v1/jobs/${ID}`]],
  notifications: [['GET', '/v1/notifications']],
};
/** A route of each tier that needs no third one. */
const ALONE = {
  oltp: ['GET', '/v1/emails'],
  content: ['GET', `/v1/emails/${ID}/content`],
  olap: ['GET', '/v1/analytics/billing'],
  queue: ['GET', `/v1/jobs/${ID}`],
  notifications: ['GET', '/v1/notifications'],
} as const;
const ask = ([method, path, body]: readonly [string, string, object?]): Promise<Answer> =>
  world.call(method, path, { body });
const expectDown = (answer: Answer, tier: Tier): void => {
  expect([refused(answer), answer.body.tier]).toEqual([[503, 'tier_unavailable'], tier]);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(answer.body.retryable).toBe(true);
};
/** Again if the machine stands still meanwhile, which is an outage, too. */
const succeeds = (route: readonly [string, string, object?]): Promise<unknown> =>
  eventually(async () => (await ask(route)).status < 300);
/** As `expectDown`; asked again only if a living tier was not heard in time. */
const isDown = async (route: readonly [string, string, object?], tier: Tier): Promise<void> => {
  const answer = await eventually(async () => {
    const answer = await ask(route);
    const isOther = answer.body.code === 'tier_unavailable' && answer.body.tier !== tier;
    return !isOther && answer;
  });
  expectDown(answer, tier);
};
/** The tier takes every request and answers none. */
const hang = (tier: Tier): void => {
  for (const route of [
    'GET /internal/emails',
    'GET /internal/emails/:id',
    'POST /internal/emails',
    'GET /internal/contents/:key',
    'PUT /internal/contents/:key',
    'GET /internal/jobs/:id',
    'GET /internal/jobs/:id/attempts',
    'GET /internal/billing',
    'GET /internal/notifications',
  ])
    world.tiers[tier].on(route, 'hang');
};

describe('two secondary tiers hang', () => {
  it('the view says so within its budget', async () => {
    hang('content');
    hang('queue');
    const answer = await world.call('GET', `/v1/emails/${ID}?include=content,attempts`);
    expect([answer.status, answer.body.degraded]).toEqual([200, true]);
    expect(answer.activeMs).toBeLessThan(LONGEST_MS);
  });
});

describe('oltp hangs while a key must be looked up', () => {
  it('is 503 within the time of a read, not 401', async () => {
    world.tiers.oltp.on('POST /internal/keys:resolve', 'hang');
    const answer = await world.call('GET', '/v1/notifications', { key: newKey() });
    expectDown(answer, 'oltp');
    expect(answer.activeMs).toBeLessThan(1_500);
  });
});

describe.each(['oltp', 'content'] as const)('%s hangs', (tier) => {
  it('no request is open for more than 3 s, and it is asked again when it lives', async () => {
    hang(tier);
    for (const route of ROUTES[tier]) {
      const answer = await ask(route);
      expectDown(answer, tier);
      expect(answer.activeMs).toBeLessThan(LONGEST_MS);
    }
    script();
    await succeeds(ROUTES[tier][0]);
  }, 120_000);
});

describe('the time of a request', () => {
  it('is not taken by its client, who needs longer for the body', async () => {
    const slow = () =>
      new ReadableStream({
        async start(controller) {
          controller.enqueue(Buffer.from(JSON.stringify(message).slice(0, -1)));
          await delay(3_100);
          controller.enqueue(Buffer.from('}'));
          controller.close();
        },
      });
    await eventually(async () => {
      const response = await fetch(`${world.url}/v1/emails`, {
        method: 'POST',
        body: slow(),
        duplex: 'half',
        headers: { authorization: `Bearer ${world.key}`, 'content-type': 'application/json' },
      } as RequestInit);
      expect(response.status).toBe(202);
    });
  });

  it('is 3 s when many travel together to a tier that hangs', async () => {
    const many = () => Promise.all(Array.from({ length: 24 }, () => ask(ROUTES.content[0])));
    const longest = (answers: readonly Answer[]) =>
      Math.max(...answers.map(({ activeMs }) => activeMs));
    // What so many at once take on this machine when nothing hangs.
    const usual = longest(await many());
    world.tiers.content.on('PUT /internal/contents/:key', 'hang');
    const answers = await many();
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(503));
    expect(longest(answers)).toBeLessThan(LONGEST_MS + 2 * usual);
    script();
    await succeeds(ROUTES.content[0]);
  }, 120_000);
});

describe.each(tiers)('%s is dead', (tier) => {
  // Without oltp no e-mail is found, so content's routes need both.
  const living = tiers.filter(
    (other) => other !== tier && !(tier === 'oltp' && other === 'content'),
  );

  it('its routes are 503 of it, at once when the breaker is open; the others go on', async () => {
    await world.tiers[tier].stop();
    for (const route of ROUTES[tier]) await isDown(route, tier);
    await eventually(async () => {
      const answer = await ask(ROUTES[tier][0]);
      expectDown(answer, tier);
      return answer.activeMs < 50;
    });
    for (const other of living) await succeeds(ALONE[other]);
    await world.tiers[tier].start();
    await succeeds(ROUTES[tier][0]);
  }, 120_000);
});
