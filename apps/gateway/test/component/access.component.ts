import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { email, identity, NIL, notification, scopes, TENANT, USER } from './world/recorded.js';
import { problem } from './world/scripted-tier.js';
import { newKey, newPlatformKey, refused, World } from './world/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

const RESOLVE = 'POST /internal/keys:resolve';
const LIST = 'GET /internal/emails';

const EVERY_ROUTE: [method: string, path: string, kind: string][] = [
  ['POST', '/v1/api-keys', 'tenant'],
  ['GET', '/v1/analytics/billing', 'tenant'],
  ['POST', '/v1/emails', 'tenant'],
  ['GET', '/v1/emails', 'tenant'],
  ['GET', `/v1/emails/${newId()}`, 'tenant'],
  ['GET', `/v1/emails/${newId()}/content`, 'tenant'],
  ['GET', `/v1/emails/${newId()}/attachments/${newId()}`, 'tenant'],
  ['POST', `/v1/emails/${newId()}/cancel`, 'tenant'],
  ['GET', '/v1/jobs', 'tenant or platform'],
  ['GET', `/v1/jobs/${newId()}`, 'tenant or platform'],
  ['POST', `/v1/jobs/${newId()}/cancel`, 'tenant or platform'],
  ['POST', `/v1/jobs/${newId()}/retry`, 'tenant or platform'],
  ['GET', '/v1/notifications', 'tenant'],
  ['GET', '/v1/notifications/unread-count', 'tenant'],
  ['PATCH', `/v1/notifications/${newId()}`, 'tenant'],
  ['GET', '/v1/admin/health', 'platform'],
  ['GET', '/v1/admin/system-events', 'platform'],
  ['GET', '/v1/admin/parked-events', 'platform'],
  ['GET', `/v1/admin/parked-events/queue/${newId()}`, 'platform'],
  ['POST', `/v1/admin/parked-events/queue/${newId()}/retry`, 'platform'],
  ['POST', `/v1/admin/parked-events/queue/${newId()}/discard`, 'platform'],
  ['POST', `/v1/admin/parked-events/queue/${newId()}/replay`, 'platform'],
  ['POST', '/v1/admin/tenants', 'platform'],
  ['GET', '/v1/admin/queues', 'platform'],
  ['POST', '/v1/admin/queues/send_email/pause', 'platform'],
  ['POST', '/v1/admin/queues/send_email/resume', 'platform'],
  ['GET', '/v1/admin/queue-pauses', 'platform'],
  ['POST', '/v1/admin/queue-pauses', 'platform'],
  ['DELETE', `/v1/admin/queue-pauses/${newId()}`, 'platform'],
  ['GET', '/v1/admin/queue-limits', 'platform'],
  ['PUT', `/v1/admin/queue-limits/${newId()}/tenant`, 'platform'],
  ['DELETE', `/v1/admin/queue-limits/${newId()}/tenant`, 'platform'],
  ['GET', '/v1/admin/dead-letters', 'platform'],
  ['GET', `/v1/admin/dead-letters/${newId()}`, 'platform'],
  ['DELETE', `/v1/admin/dead-letters/${newId()}`, 'platform'],
  ['POST', '/v1/admin/dead-letters/redrive', 'platform'],
];

describe('every route', () => {
  it('is one of these or the contract itself', () => {
    const operations = Object.entries(world.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations).toHaveLength(EVERY_ROUTE.length + 1);
    expect(operations).toContain('GET /v1/openapi.json');
  });

  it.each(EVERY_ROUTE)('%s %s wants a key', async (method, path) => {
    const answers = [
      await world.call(method, path, { key: null }),
      await world.call(method, path, { key: 'pm_live_short' }),
      await world.call(method, path, { key: newKey('live', newId()) }),
      await world.call(method, path, { key: null, headers: { authorization: 'Basic eDp5' } }),
    ];
    for (const answer of answers) {
      expect(refused(answer)).toEqual([401, 'unauthorized']);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect({ ...answer.body, request_id: '' }).toEqual({ ...answers[0].body, request_id: '' });
    }
  });

  const ofOneKind = EVERY_ROUTE.filter(([, , kind]) => !kind.includes(' or '));
  it.each(ofOneKind)('%s %s is for a key of kind %s', async (method, path, kind) => {
    const other = kind === 'tenant' ? world.platformKey : world.key;
    expect(refused(await world.call(method, path, { key: other }))).toEqual([
      403,
      'wrong_credential_kind',
    ]);
  });

  it.each(EVERY_ROUTE)('%s %s takes no key in its URL', async (method, path) => {
    for (const query of ['api_key=x', `after=${newKey()}`, 'access_token=x'])
      expect(refused(await world.call(method, `${path}?${query}`, { key: null }))).toEqual([
        400,
        'credential_in_query',
      ]);
    expect(world.tiers.oltp.asked).toEqual([]);
  });

  it('wants a scope', async () => {
    world.knowKeys({ scopes: ['analytics:read'] });
    const key = newKey();
    for (const [method, path, kind] of EVERY_ROUTE)
      if (kind.startsWith('tenant') && path !== '/v1/analytics/billing')
        expect(refused(await world.call(method, path, { key }))).toEqual([403, 'scope_missing']);
  });

  it.each([
    ['suspended', 'tenant_suspended'],
    ['erasing', 'tenant_not_active'],
  ])('refuses the keys of a tenant that is %s', async (tenant_status, code) => {
    world.knowKeys({ tenant_status });
    expect(refused(await world.call('GET', '/v1/emails', { key: newKey() }))).toEqual([403, code]);
  });
});

describe('a caller', () => {
  it('is told to the tiers with tenant, actor, mode, scopes and request id', async () => {
    const key = newKey('test');
    const known = identity({ mode: 'test' });
    world.tiers.oltp.on(RESOLVE, { status: 200, body: known });
    world.tiers.oltp.on(LIST, { status: 200, body: { data: [], has_more: false } });
    const answer = await world.call('GET', '/v1/emails', { key });
    const [resolve, list] = world.tiers.oltp.asked;
    expect(resolve).toMatchObject({
      body: { tenant_id: TENANT, key_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      caller: { service: 'gateway', actor: { kind: 'system', id: 'gateway' }, tenantId: NIL },
    });
    expect(JSON.stringify([resolve, list])).not.toContain(key);
    expect(list.caller).toEqual({
      service: 'gateway',
      tenantId: TENANT,
      actor: { kind: 'api_key', id: known.key_id, userId: USER },
      mode: 'test',
      scopes,
    });
    for (const { headers } of [resolve, list]) {
      expect(headers['x-request-id']).toBe(answer.headers.get('x-request-id'));
    }
  });

  it('chooses neither its request id nor its tenant', async () => {
    world.tiers.oltp.on(LIST, { status: 200, body: { data: [], has_more: false } });
    const headers = { 'x-request-id': 'chosen-by-caller', 'x-tenant-id': newId() };
    const answer = await world.call('GET', '/v1/emails', { headers });
    expect(answer.headers.get('x-request-id')).not.toBe('chosen-by-caller');
    expect(world.tiers.oltp.askedOf(LIST)[0].caller.tenantId).toBe(TENANT);
  });

  it('is a platform key for the administration', async () => {
    world.tiers.notifications.on('GET /internal/admin-events', {
      status: 200,
      body: { data: [], has_more: false },
    });
    const key = newPlatformKey();
    expect((await world.call('GET', '/v1/admin/system-events', { key })).status).toBe(200);
    expect(world.tiers.notifications.asked[0].caller).toMatchObject({
      tenantId: NIL,
      actor: { kind: 'platform_key' },
    });
  });
});

describe('keys while oltp is away', () => {
  it('is looked up once in 5 s, and many requests at once ask once', async () => {
    world.tiers.oltp.on(LIST, { status: 200, body: { data: [email()], has_more: false } });
    const key = newKey();
    const began = performance.now();
    await Promise.all(Array.from({ length: 20 }, () => world.call('GET', '/v1/emails', { key })));
    await world.call('GET', '/v1/emails', { key });
    const periods = Math.ceil((performance.now() - began) / 5_000);
    const lookups = world.tiers.oltp.askedOf(RESOLVE).length;
    expect(lookups).toBeGreaterThanOrEqual(1);
    expect(lookups).toBeLessThanOrEqual(periods);
  });

  it('go on counting for what other tiers own; one never seen is 503, not 401', async () => {
    const list = { status: 200, body: { data: [notification()], has_more: false } };
    world.tiers.notifications.on('GET /internal/notifications', list);
    expect((await world.call('GET', '/v1/notifications')).status).toBe(200);
    world.tiers.oltp.on(RESOLVE, problem(503, 'tier_unavailable', { tier: 'oltp' }));
    expect((await world.call('GET', '/v1/notifications')).status).toBe(200);
    const unseen = await world.call('GET', '/v1/notifications', { key: newKey() });
    expect(refused(unseen)).toEqual([503, 'tier_unavailable']);
    expect(unseen.body).toMatchObject({ tier: 'oltp', retryable: true });
    expect(unseen.headers.get('retry-after')).toBe('1');
    expect(unseen.headers.get('www-authenticate')).toBeNull();
  });

  it('are not called unknown because oltp answers something else', async () => {
    world.tiers.oltp.on(RESOLVE, problem(404, 'route_not_found'));
    expect(refused(await world.call('GET', '/v1/emails', { key: newKey() }))).toEqual([
      503,
      'tier_unavailable',
    ]);
  });
});

describe('the port', () => {
  it('has neither metrics nor health nor internal routes', async () => {
    for (const path of ['/', '/v1', '/metrics', '/livez', '/readyz', '/internal/health'])
      expect(refused(await world.call('GET', path))).toEqual([404, 'route_not_found']);
    expect(refused(await world.call('DELETE', '/v1/emails'))).toEqual([404, 'route_not_found']);
  });

  it('logs neither keys nor addresses', async () => {
    await world.call('POST', '/v1/emails', {
      body: { from: 'canary@secret.example', to: 'canary@secret.example', subject: 'canary' },
    });
    await world.call('GET', `/v1/emails?after=${world.key}`);
    const logs = world.logs.join('');
    expect(logs).toContain('request refused');
    expect(logs).not.toContain('canary');
    expect(logs).not.toContain(world.key.slice(30));
  });
});
