import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newEmailId, newId } from '@penguinmails/contracts';
import {
  apiKey,
  billing,
  email,
  foundation,
  health,
  job,
  NIL,
  notification,
  systemEvent,
} from './world/recorded.js';
import { problem } from './world/scripted-tier.js';
import { errorsOf, newKey, refused, World } from './world/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

const LIST_EMAILS = 'GET /internal/emails';
const ID = newEmailId();

describe('GET /v1/emails', () => {
  const page = (count: number, has_more: boolean) => ({
    status: 200,
    body: { data: Array.from({ length: count }, () => email()), has_more },
  });
  const asked = () => world.tiers.oltp.askedOf(LIST_EMAILS).at(-1)?.query;

  it('is a page, newest first, and its cursor gives the next', async () => {
    world.tiers.oltp.on(LIST_EMAILS, page(2, true));
    const first = await world.call('GET', '/v1/emails?limit=2');
    expect(first.body).toMatchObject({ object: 'list', has_more: true, url: '/v1/emails' });
    expect(asked()).toEqual({ limit: '2' });
    const [, last] = first.body.data as { id: string; created_at: string }[];
    world.tiers.oltp.on(LIST_EMAILS, page(1, false));
    const second = await world.call('GET', `/v1/emails?after=${first.body.next_cursor}`);
    expect(asked()).toEqual({ limit: '25', after_id: last.id, after_created_at: last.created_at });
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
  });

  it('pages back', async () => {
    world.tiers.oltp.on(LIST_EMAILS, page(2, true));
    const { next_cursor: cursor } = (await world.call('GET', '/v1/emails')).body;
    const back = await world.call('GET', `/v1/emails?before=${cursor}`);
    expect(Object.keys(asked() ?? {})).toEqual(['limit', 'before_created_at', 'before_id']);
    const [newest] = back.body.data as { id: string }[];
    await world.call('GET', `/v1/emails?before=${back.body.next_cursor}`);
    expect(asked()?.before_id).toBe(newest.id);
  });

  it('is filtered, times in UTC, and capped at 100', async () => {
    world.tiers.oltp.on(LIST_EMAILS, page(0, false));
    const after = encodeURIComponent('2026-01-01T02:00:00+02:00');
    const query = `status=sending&created_after=${after}&created_before=2026-02-01T00:00:00Z`;
    const { status } = await world.call('GET', `/v1/emails?${query}&limit=1000000000`);
    expect(status).toBe(200);
    expect(asked()).toEqual({
      limit: '100',
      status: 'sending',
      created_after: '2026-01-01T00:00:00.000Z',
      created_before: '2026-02-01T00:00:00.000Z',
    });
  });

  it.each([
    ['limit=0', 'limit min'],
    ['limit=-1', 'limit min'],
    ['limit=1.5', 'limit is_int'],
    ['limit=a', 'limit is_int'],
    ['limit=', 'limit is_int'],
    ['limit=1&limit=2', 'limit is_int'],
    ['status=lost', 'status is_in'],
    ['created_after=yesterday', 'created_after invalid_time'],
    ['created_before=2026-02-30T00:00:00Z', 'created_before invalid_time'],
    ['after=', 'after is_not_empty'],
  ])('refuses %s', async (query, error) => {
    const answer = await world.call('GET', `/v1/emails?${query}`);
    expect(refused(answer)).toEqual([400, 'invalid_parameter']);
    expect(errorsOf(answer)).toContain(error);
    expect(asked()).toBeUndefined();
  });

  it.each(['offset=10', 'sort=created_at', 'q=x', 'tenant_id=x'])(
    'does not know %s',
    async (query) => {
      const answer = await world.call('GET', `/v1/emails?${query}`);
      expect(refused(answer)).toEqual([400, 'unknown_parameter']);
    },
  );

  it('takes no cursor of another tenant, of another list, of nobody or of both ends', async () => {
    world.tiers.oltp.on(LIST_EMAILS, page(1, true));
    world.tiers.notifications.on('GET /internal/notifications', {
      status: 200,
      body: { data: [notification()], has_more: true },
    });
    const own = (await world.call('GET', '/v1/emails')).body.next_cursor as string;
    const other = (await world.call('GET', '/v1/notifications')).body.next_cursor as string;
    world.knowKeys({ tenant_id: newId() });
    const stranger = newKey();
    const flipped = `${own.slice(0, -1)}${own.endsWith('A') ? 'B' : 'A'}`;
    for (const [cursor, key] of [
      [other, world.key],
      [flipped, world.key],
      [own.slice(0, 10), world.key],
      ['x', world.key],
      [own, stranger],
    ])
      expect(refused(await world.call('GET', `/v1/emails?after=${cursor}`, { key }))).toEqual([
        400,
        'invalid_cursor',
      ]);
    const both = await world.call('GET', `/v1/emails?after=${own}&before=${own}`);
    expect(refused(both)).toEqual([400, 'invalid_parameter']);
  });
});

describe('notifications', () => {
  const LIST = 'GET /internal/notifications';

  it('are listed with their filters and paged', async () => {
    const row = notification();
    world.tiers.notifications.on(LIST, { status: 200, body: { data: [row], has_more: true } });
    const { body } = await world.call(
      'GET',
      '/v1/notifications?unread=true&channel=in_app&limit=1',
    );
    expect(body.data).toEqual([expect.objectContaining({ object: 'notification', id: row.id })]);
    await world.call('GET', `/v1/notifications?after=${body.next_cursor}`);
    const [first, second] = world.tiers.notifications.askedOf(LIST).map(({ query }) => query);
    expect(first).toEqual({ limit: '1', unread: 'true', channel: 'in_app' });
    expect(second).toEqual({ limit: '25', after_created_at: row.created_at, after_id: row.id });
  });

  it.each(['unread=yes', 'channel=sms', 'limit=0'])('are not filtered by %s', async (query) => {
    expect(refused(await world.call('GET', `/v1/notifications?${query}`))).toEqual([
      400,
      'invalid_parameter',
    ]);
  });

  it('are counted', async () => {
    world.tiers.notifications.on('GET /internal/notifications/unread-count', {
      status: 200,
      body: { count: 3 },
    });
    const { body } = await world.call('GET', '/v1/notifications/unread-count');
    expect(body).toEqual({ object: 'unread_count', count: 3 });
  });

  it('are marked', async () => {
    const row = notification({ is_read: true });
    world.tiers.notifications.on('PATCH /internal/notifications/:id', { status: 200, body: row });
    const path = `/v1/notifications/${row.id}`;
    const { status, body } = await world.call('PATCH', path, { body: { is_read: true } });
    expect([status, body.is_read]).toEqual([200, true]);
    for (const [bad, error] of [
      [{}, '/is_read is_boolean'],
      [{ is_read: 'true' }, '/is_read is_boolean'],
      [{ is_read: true, title: 'x' }, '/title unknown_field'],
    ] as const)
      expect(errorsOf(await world.call('PATCH', path, { body: bad }))).toEqual([error]);
    expect(world.tiers.notifications.asked).toHaveLength(1);
  });
});

describe('analytics, jobs, administration', () => {
  it('billing says how fresh it is', async () => {
    world.tiers.olap.on('GET /internal/billing', {
      status: 200,
      body: billing({ lag_seconds: 4 }),
    });
    const { body } = await world.call('GET', '/v1/analytics/billing?from=2026-06-01&to=2026-06-30');
    expect(body).toMatchObject({ object: 'list', has_more: false, lag_seconds: 4 });
    expect(body.data).toEqual([
      expect.objectContaining({ object: 'billing_period', estimated_cost_usd: '0.1000' }),
    ]);
    expect(world.tiers.olap.asked[0].query).toEqual({ from: '2026-06-01', to: '2026-06-30' });
  });

  it.each(['from=2026-02-30', 'to=June', 'granularity=day', 'from=2026-06-01T00:00:00Z'])(
    'billing has no %s',
    async (query) => {
      const answer = await world.call('GET', `/v1/analytics/billing?${query}`);
      expect(refused(answer)).toEqual([400, 'invalid_parameter']);
    },
  );

  it('a job is shown', async () => {
    world.tiers.queue.on('GET /internal/jobs/:id', { status: 200, body: job({ id: ID }) });
    const { body } = await world.call('GET', `/v1/jobs/${ID}`);
    expect(body).toMatchObject({ object: 'job', id: ID, status: 'ready' });
  });

  it('system events are listed for operators', async () => {
    const row = systemEvent();
    const list = { data: [row], has_more: true };
    world.tiers.notifications.on('GET /internal/admin-events', { status: 200, body: list });
    const ask = { key: world.platformKey };
    const path = '/v1/admin/system-events';
    const { body } = await world.call('GET', `${path}?severity=critical&resolved=false`, ask);
    expect(body.data).toEqual([expect.objectContaining({ id: row.id, severity: 'critical' })]);
    await world.call('GET', `${path}?after=${body.next_cursor}`, ask);
    const [first, second] = world.tiers.notifications.asked;
    expect(first.query).toEqual({ limit: '25', severity: 'critical', resolved: 'false' });
    expect(second.query).toMatchObject({ after_id: row.id });
    expect(refused(await world.call('GET', `${path}?severity=bad`, ask))).toEqual([
      400,
      'invalid_parameter',
    ]);
  });

  it('health marks the dead and the degraded, and asks on the gateway’s own account', async () => {
    const { oltp, content: store, olap, queue, notifications } = world.tiers;
    const HEALTH = 'GET /internal/health';
    const jobs = { scheduled: 0, ready: 1, running: 0, dead: 0, oldest_ready_age_seconds: 0.5 };
    oltp.on(HEALTH, { status: 200, body: health('oltp') });
    store.on(HEALTH, 'cut');
    const dead = { reachable: false, latency_ms: null, pool: health('olap').database.pool };
    const unknown = { database: dead, outbox: null, consumer: null };
    olap.on(HEALTH, { status: 200, body: health('olap', unknown) });
    queue.on(HEALTH, { status: 200, body: health('queue', { jobs }) });
    notifications.on(HEALTH, { status: 200, body: health('notifications') });
    const { status, body } = await world.call('GET', '/v1/admin/health', {
      key: world.platformKey,
    });
    expect([status, body.status]).toEqual([200, 'degraded']);
    const tiers = body.tiers as { tier: string; status: string; error: object; data: object }[];
    expect(tiers.map(({ tier, status: is }) => `${tier} ${is}`)).toEqual([
      'oltp ok',
      'content unavailable',
      'olap degraded',
      'queue ok',
      'notifications ok',
    ]);
    expect(tiers[1]).toMatchObject({ data: null, error: { tier: 'content', retryable: true } });
    expect(tiers[3].data).toMatchObject({ jobs, outbox: { depth: 0 } });
    expect(olap.asked[0].caller).toMatchObject({ tenantId: NIL, actor: { kind: 'system' } });
    store.on(HEALTH, { status: 200, body: health('content') });
    olap.on(HEALTH, { status: 200, body: health('olap') });
    const fine = await world.call('GET', '/v1/admin/health', { key: world.platformKey });
    expect(fine.body.status).toBe('ok');
  });
});

describe('POST /v1/api-keys and /v1/admin/tenants', () => {
  const CREATE_KEY = 'POST /internal/api-keys';
  const CREATE_TENANT = 'POST /internal/tenants';
  const RESERVE = 'POST /internal/idempotency:reserve';
  const tenant = { name: 'Demo', slug: 'demo', owner: { email: 'o@demo.example', name: 'O' } };
  const platform = () => ({ key: world.platformKey });

  it('makes a key, shown once', async () => {
    const made = apiKey();
    world.tiers.oltp.on(CREATE_KEY, { status: 201, body: made });
    const expires_at = '2030-01-01T02:00:00+02:00';
    const body = { name: 'CI', mode: 'test', scopes: ['emails:read'], expires_at };
    const answer = await world.call('POST', '/v1/api-keys', { body });
    expect([answer.status, answer.body.key]).toEqual([201, made.key]);
    const expiry = { expires_at: '2030-01-01T00:00:00.000Z' };
    expect(world.tiers.oltp.askedOf(CREATE_KEY)[0].body).toEqual({ ...body, ...expiry });
    expect(world.logs.join('')).not.toContain(made.key);
  });

  it.each<[object, string]>([
    [{ mode: 'test' }, '/name invalid_name'],
    [{ name: 'a\nb', mode: 'test' }, '/name invalid_name'],
    [{ name: 'a', mode: 'x' }, '/mode is_in'],
    [{ name: 'a', mode: 'live', scopes: ['admin'] }, '/scopes is_in'],
    [{ name: 'a', mode: 'live', scopes: ['emails:read', 'emails:read'] }, '/scopes array_unique'],
    [{ name: 'a', mode: 'live', expires_at: 'never' }, '/expires_at invalid_time'],
    [{ name: 'a', mode: 'live', tenant_id: newId() }, '/tenant_id unknown_field'],
    [{ name: 'a', mode: 'live', role: 'owner', key: 'x' }, '/role unknown_field'],
  ])('makes no key of %j', async (body, error) => {
    const answer = await world.call('POST', '/v1/api-keys', { body });
    expect(refused(answer)).toEqual([422, 'validation_failed']);
    expect(errorsOf(answer)).toContain(error);
    expect(world.tiers.oltp.askedOf(CREATE_KEY)).toEqual([]);
  });

  it('makes a tenant that can send', async () => {
    const made = foundation();
    world.tiers.oltp.on(CREATE_TENANT, { status: 201, body: made });
    const answer = await world.call('POST', '/v1/admin/tenants', { ...platform(), body: tenant });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      object: 'tenant',
      id: made.tenant.id,
      mailbox: { address: 'hello@demo.sandbox.test' },
      api_keys: [{ mode: 'live' }, { mode: 'test' }],
    });
    const [asked] = world.tiers.oltp.askedOf(CREATE_TENANT);
    expect([asked.body, asked.caller.tenantId]).toEqual([tenant, NIL]);
  });

  it.each<[object, string]>([
    [{ slug: 'Demo' }, '/slug matches'],
    [{ slug: 'a.b' }, '/slug matches'],
    [{ slug: '-a' }, '/slug matches'],
    [{ slug: 'a'.repeat(51) }, '/slug matches'],
    [{ name: '' }, '/name invalid_name'],
    [{ owner: undefined }, '/owner is_defined'],
    [{ owner: 'x' }, '/owner is_object'],
    [{ owner: { email: 'a@b.example,c@d.example', name: 'x' } }, '/owner/email invalid_address'],
    [{ owner: { ...tenant.owner, role: 'admin' } }, '/owner/role unknown_field'],
    [{ status: 'active' }, '/status unknown_field'],
  ])('makes no tenant of %j', async (change, error) => {
    const body = { ...tenant, ...change };
    const answer = await world.call('POST', '/v1/admin/tenants', { ...platform(), body });
    expect(refused(answer)).toEqual([422, 'validation_failed']);
    expect(errorsOf(answer)).toContain(error);
    expect(world.tiers.oltp.askedOf(CREATE_TENANT)).toEqual([]);
  });

  it('passes on that a slug is taken, and gives the key back', async () => {
    world.tiers.oltp.on(CREATE_TENANT, problem(409, 'slug_taken'));
    world.tiers.oltp.on(RESERVE, { status: 200, body: { state: 'reserved' } });
    world.tiers.oltp.on('POST /internal/idempotency:release', { status: 204 });
    const headers = { 'idempotency-key': 'k' };
    const ask = { ...platform(), body: tenant, headers };
    expect(refused(await world.call('POST', '/v1/admin/tenants', ask))).toEqual([
      409,
      'slug_taken',
    ]);
    const routes = world.tiers.oltp.asked.map(({ route }) => route);
    expect(routes.slice(-3)).toEqual([
      RESERVE,
      CREATE_TENANT,
      'POST /internal/idempotency:release',
    ]);
  });

  it('replays without the secrets', async () => {
    const made = foundation();
    const response = { ...made, api_keys: made.api_keys.map((key) => ({ ...key, key: null })) };
    const done = { state: 'done', status: 201, response };
    world.tiers.oltp.on(RESERVE, { status: 200, body: done });
    const headers = { 'idempotency-key': 'k' };
    const ask = { ...platform(), body: tenant, headers };
    const answer = await world.call('POST', '/v1/admin/tenants', ask);
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(answer.body.api_keys).toEqual([
      expect.objectContaining({ key: null }),
      expect.objectContaining({ key: null }),
    ]);
    const key = { state: 'done', status: 201, response: apiKey({ key: null }) };
    world.tiers.oltp.on(RESERVE, { status: 200, body: key });
    const body = { name: 'CI', mode: 'test' };
    const again = await world.call('POST', '/v1/api-keys', { body, headers });
    expect([again.status, again.body.key]).toEqual([201, null]);
  });
});
