import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newEmailId, newId } from '@penguinmails/contracts';
import { deadLetter, job, NIL, queue, queueLimit, queuePause, TENANT } from './world/recorded.js';
import { problem } from './world/scripted-tier.js';
import { errorsOf, newKey, refused, World } from './world/world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ unhurried: true });
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

const ID = newEmailId();
const ok = (body: object, status = 200) => ({ status, body });
const asOperator = (method: string, path: string, more: object = {}) =>
  world.call(method, path, { key: world.platformKey, ...more });
const lastAsked = () => world.tiers.queue.asked.at(-1)!;

describe('GET /v1/jobs', () => {
  const LIST = 'GET /internal/jobs';
  const NEXT = { created_at: '2026-06-01T12:00:00.000Z', id: newEmailId() };

  it('is a page that goes on where the tier says, even when it is empty', async () => {
    world.tiers.queue.on(LIST, ok({ data: [], has_more: true, next: NEXT }));
    const query = 'type=leads_import&status=expired&created_after=2026-01-01T02:00:00%2B02:00';
    const { body } = await world.call('GET', `/v1/jobs?${query}&limit=5000`);
    expect(body).toMatchObject({ object: 'list', data: [], has_more: true, url: '/v1/jobs' });
    expect(lastAsked().query).toEqual({
      limit: '100',
      type: 'leads_import',
      status: 'expired',
      created_after: '2026-01-01T00:00:00.000Z',
    });
    const last = job();
    world.tiers.queue.on(LIST, ok({ data: [last], has_more: false, next: null }));
    const second = await world.call('GET', `/v1/jobs?after=${body.next_cursor}`);
    expect(lastAsked().query).toEqual({
      limit: '25',
      after_created_at: NEXT.created_at,
      after_id: NEXT.id,
    });
    expect(second.body).toMatchObject({ has_more: false, next_cursor: null });
    expect(second.body.data).toEqual([expect.objectContaining({ id: last.id })]);
    expect(second.text).not.toContain('limited_by');
  });

  it.each([
    ['status=lost', 'status is_in'],
    ['type=Mine', 'type matches'],
    ['created_before=2026-02-30T00:00:00Z', 'created_before invalid_time'],
    ['limit=0', 'limit min'],
  ])('refuses %s', async (query, error) => {
    const answer = await world.call('GET', `/v1/jobs?${query}`);
    expect(refused(answer)).toEqual([400, 'invalid_parameter']);
    expect(errorsOf(answer)).toContain(error);
    expect(world.tiers.queue.asked).toEqual([]);
  });

  it('is the platform’s own list for a platform key, and no cursor goes from one to the other', async () => {
    world.tiers.queue.on(LIST, ok({ data: [job()], has_more: true, next: NEXT }));
    const { body } = await asOperator('GET', '/v1/jobs');
    expect(lastAsked().caller).toMatchObject({ tenantId: NIL, actor: { kind: 'platform_key' } });
    expect(refused(await world.call('GET', `/v1/jobs?after=${body.next_cursor}`))).toEqual([
      400,
      'invalid_cursor',
    ]);
  });
});

describe('one job', () => {
  it('says what keeps it waiting', async () => {
    const limited_by = { limit: 'mailbox_per_day', until: '2026-06-02T00:00:00.000Z' };
    world.tiers.queue.on('GET /internal/jobs/:id', ok(job({ id: ID, limited_by })));
    const { body } = await world.call('GET', `/v1/jobs/${ID}`);
    expect(body).toMatchObject({ id: ID, limited_by, expires_at: null, redriven_from: null });
  });

  it.each([
    ['cancelled', 200],
    ['running', 202],
  ])('is cancelled: %s is %i', async (status, expected) => {
    world.tiers.queue.on('POST /internal/jobs/:id/cancel', ok(job({ id: ID, status })));
    const answer = await world.call('POST', `/v1/jobs/${ID}/cancel`);
    expect([answer.status, answer.body.status]).toEqual([expected, status]);
  });

  it('that is cancelled already answers a repeated request, and refuses a new one', async () => {
    const refusal = problem(409, 'job_not_cancellable');
    world.tiers.queue.on('POST /internal/jobs/:id/cancel', refusal);
    world.tiers.queue.on('GET /internal/jobs/:id', ok(job({ id: ID, status: 'cancelled' })));
    const path = `/v1/jobs/${ID}/cancel`;
    expect(refused(await world.call('POST', path))).toEqual([409, 'job_not_cancellable']);
    const headers = { 'idempotency-key': 'again' };
    const repeated = await world.call('POST', path, { headers });
    expect([repeated.status, repeated.headers.get('idempotent-replayed')]).toEqual([200, 'true']);
    world.tiers.queue.on('GET /internal/jobs/:id', ok(job({ id: ID, status: 'completed' })));
    expect((await world.call('POST', path, { headers })).status).toBe(409);
  });

  it('is tried again as the job that the answer names', async () => {
    const RETRY = 'POST /internal/jobs/:id/retry';
    const next = job({ redriven_from: ID });
    world.tiers.queue.on(RETRY, ok({ job: next, replayed: false }, 202));
    const first = await world.call('POST', `/v1/jobs/${ID}/retry`);
    expect([first.status, first.headers.get('location')]).toEqual([202, `/v1/jobs/${next.id}`]);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(lastAsked().body).toEqual({ may_be_repeated: false });
    world.tiers.queue.on(RETRY, ok({ job: next, replayed: true }, 202));
    const headers = { 'idempotency-key': 'k' };
    const second = await world.call('POST', `/v1/jobs/${ID}/retry`, { headers });
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(lastAsked().body).toEqual({ may_be_repeated: true });
    world.tiers.queue.on(RETRY, problem(409, 'job_not_retryable'));
    expect((await world.call('POST', `/v1/jobs/${ID}/retry`)).status).toBe(409);
  });

  it('is changed by keys that may, and with nothing in the body', async () => {
    world.knowKeys({ scopes: ['jobs:read'] });
    const key = newKey();
    for (const action of ['cancel', 'retry']) {
      const path = `/v1/jobs/${ID}/${action}`;
      expect(refused(await world.call('POST', path, { key }))).toEqual([403, 'scope_missing']);
      const answer = await asOperator('POST', path, { body: { force: true } });
      expect(refused(answer)).toEqual([422, 'validation_failed']);
    }
    expect(world.tiers.queue.asked).toEqual([]);
  });
});

describe('queues', () => {
  it('are listed', async () => {
    world.tiers.queue.on('GET /internal/queues', ok({ data: [queue()] }));
    const { body } = await asOperator('GET', '/v1/admin/queues');
    expect(body).toMatchObject({ object: 'list', has_more: false, next_cursor: null });
    expect(body.data).toMatchObject([{ type: 'send_email', depth: { dead: 4 } }]);
  });

  it('are paused with a reason and resumed', async () => {
    const PAUSE = 'POST /internal/queues/:type/pause';
    world.tiers.queue.on(PAUSE, ok(queue({ paused: true, reason: 'storm' })));
    const path = '/v1/admin/queues/send_email';
    const paused = await asOperator('POST', `${path}/pause`, { body: { reason: 'storm' } });
    expect(paused.body).toMatchObject({ paused: true, reason: 'storm' });
    expect(lastAsked()).toMatchObject({
      path: '/internal/queues/send_email/pause',
      body: { reason: 'storm' },
    });
    await asOperator('POST', `${path}/pause`, { body: {} });
    expect(lastAsked().body).toEqual({ reason: null });
    world.tiers.queue.on('POST /internal/queues/:type/resume', ok(queue()));
    expect((await asOperator('POST', `${path}/resume`)).body.paused).toBe(false);
    for (const reason of ['', 'x'.repeat(201), 'a\nb', 5])
      expect(errorsOf(await asOperator('POST', `${path}/pause`, { body: { reason } }))).toContain(
        '/reason invalid_reason',
      );
  });

  it('are not for tenants', async () => {
    for (const [method, path] of [
      ['GET', '/v1/admin/queues'],
      ['POST', '/v1/admin/queues/send_email/pause'],
      ['GET', '/v1/admin/queue-pauses'],
      ['DELETE', `/v1/admin/queue-limits/${TENANT}/tenant`],
      ['GET', '/v1/admin/dead-letters'],
      ['POST', '/v1/admin/dead-letters/redrive'],
    ])
      expect(refused(await world.call(method, path))).toEqual([403, 'wrong_credential_kind']);
  });
});

describe('pauses and limits of tenants', () => {
  it('are listed by tenant, page by page', async () => {
    const LIST = 'GET /internal/queue-pauses';
    const last = queuePause({ mailbox_id: newId() });
    world.tiers.queue.on(LIST, ok({ data: [queuePause(), last], has_more: true }));
    const first = await asOperator('GET', `/v1/admin/queue-pauses?limit=2&tenant_id=${TENANT}`);
    await asOperator('GET', `/v1/admin/queue-pauses?after=${first.body.next_cursor}`);
    expect(world.tiers.queue.askedOf(LIST).map(({ query }) => query)).toEqual([
      { limit: '2', tenant_id: TENANT },
      { limit: '25', after_key: last.mailbox_id, after_tenant_id: TENANT },
    ]);
    const limit = queueLimit({ limit_key: 'domain:*', used_today: null });
    world.tiers.queue.on('GET /internal/queue-limits', ok({ data: [limit], has_more: true }));
    const limits = await asOperator('GET', '/v1/admin/queue-limits');
    const path = `/v1/admin/queue-limits?after=${limits.body.next_cursor}`;
    expect((await asOperator('GET', path)).status).toBe(200);
    expect(lastAsked().query).toMatchObject({ after_key: 'domain:*', after_tenant_id: TENANT });
    const other = await asOperator('GET', `${path.replace('limits', 'pauses')}`);
    expect(refused(other)).toEqual([400, 'invalid_cursor']);
  });

  it('are made and ended', async () => {
    const mailbox_id = newId();
    world.tiers.queue.on('POST /internal/queue-pauses', ok(queuePause({ mailbox_id })));
    const body = { tenant_id: TENANT, mailbox_id };
    const paused = await asOperator('POST', '/v1/admin/queue-pauses', { body });
    expect([paused.status, lastAsked().body]).toEqual([200, { ...body, reason: null }]);
    world.tiers.queue.on('DELETE /internal/queue-pauses/:tenant', { status: 204 });
    const path = `/v1/admin/queue-pauses/${TENANT}?mailbox_id=${mailbox_id}`;
    expect((await asOperator('DELETE', path)).status).toBe(204);
    expect(lastAsked().query).toEqual({ mailbox_id });
    world.tiers.queue.on('DELETE /internal/queue-pauses/:tenant', problem(404, 'not_found'));
    expect(refused(await asOperator('DELETE', path))).toEqual([404, 'not_found']);
    expect(errorsOf(await asOperator('POST', '/v1/admin/queue-pauses', { body: {} }))).toContain(
      '/tenant_id is_uuid',
    );
  });

  it('are set and removed under their key', async () => {
    const key = `mailbox:${newId()}`;
    const path = `/v1/admin/queue-limits/${TENANT}/${encodeURIComponent(key)}`;
    const warmup = { started_on: '2026-06-01', curve: [50, 100] };
    const answer = ok(queueLimit({ limit_key: key, warmup }));
    world.tiers.queue.on('PUT /internal/queue-limits/:tenant/:key', answer);
    const set = await asOperator('PUT', path, { body: { per_minute: 60, warmup } });
    expect([set.status, set.body.limit_key]).toEqual([200, key]);
    expect(lastAsked()).toMatchObject({
      path: `/internal/queue-limits/${TENANT}/${encodeURIComponent(key)}`,
      body: { per_minute: 60, per_day: null, warmup },
    });
    world.tiers.queue.on('DELETE /internal/queue-limits/:tenant/:key', { status: 204 });
    expect((await asOperator('DELETE', path)).status).toBe(204);
    for (const [body, error] of [
      [{ per_minute: 0 }, '/per_minute min'],
      [{ per_day: 1.5 }, '/per_day is_int'],
      [{ warmup: { started_on: '2026-02-30', curve: [1] } }, '/warmup/started_on invalid_day'],
      [{ warmup: { started_on: '2026-02-01', curve: [] } }, '/warmup/curve array_min_size'],
      [{ per_hour: 1 }, '/per_hour unknown_field'],
    ] as const)
      expect(errorsOf(await asOperator('PUT', path, { body }))).toContain(error);
  });
});

describe('dead letters', () => {
  const PATH = '/v1/admin/dead-letters';

  it('are listed by filter, page by page', async () => {
    const LIST = 'GET /internal/dead-letters';
    const row = deadLetter();
    world.tiers.queue.on(LIST, ok({ data: [row], has_more: true }));
    const query = `tenant_id=${TENANT}&type=send_email&outcome=failed&error_code=tls_required`;
    const more = 'died_after=2026-01-01T00:00:00Z&redriven=false';
    const { body } = await asOperator('GET', `${PATH}?${query}&${more}`);
    expect(body.data).toEqual([expect.objectContaining({ id: row.id, died_at: row.died_at })]);
    await asOperator('GET', `${PATH}?after=${body.next_cursor}`);
    const [first, second] = world.tiers.queue.askedOf(LIST).map((asked) => asked.query);
    expect(first).toEqual({
      limit: '25',
      tenant_id: TENANT,
      type: 'send_email',
      outcome: 'failed',
      error_code: 'tls_required',
      died_after: '2026-01-01T00:00:00.000Z',
      redriven: 'false',
    });
    expect(second).toEqual({ limit: '25', after_created_at: row.died_at, after_id: row.id });
    for (const wrong of ['outcome=lost', 'redriven=yes', 'tenant_id=x', 'died_before=now'])
      expect((await asOperator('GET', `${PATH}?${wrong}`)).status).toBe(400);
  });

  it('are read with their tries and discarded', async () => {
    const tried = {
      attempt: 1,
      outcome: 'failed',
      code: null,
      enhanced_code: null,
      error_code: 'tls_required',
      reply: null,
      leased_by: 'w',
      started_at: '2026-06-01T12:00:00Z',
      finished_at: '2026-06-01T12:00:00Z',
      more: 'internal',
    };
    const row = deadLetter({ payload: { email_id: ID }, tries: [tried] });
    world.tiers.queue.on('GET /internal/dead-letters/:id', ok(row));
    const { body } = await asOperator('GET', `${PATH}/${row.id}`);
    expect(body).toMatchObject({ payload: { email_id: ID }, tries: [{ leased_by: 'w' }] });
    world.tiers.queue.on('DELETE /internal/dead-letters/:id', { status: 204 });
    expect((await asOperator('DELETE', `${PATH}/${row.id}`)).status).toBe(204);
    expect((await asOperator('DELETE', `${PATH}/x`)).status).toBe(404);
  });

  it('are previewed without an order', async () => {
    const preview = {
      count: 3,
      by_type: [{ type: 'send_email', count: 3 }],
      by_error_code: [{ error_code: 'tls_required', count: 3 }],
      sample: [deadLetter()],
    };
    world.tiers.queue.on('POST /internal/dead-letters:preview', ok(preview));
    const body = { filter: { type: 'send_email', died_before: '2026-01-01T02:00:00+02:00' } };
    const answer = await asOperator('POST', `${PATH}/redrive`, {
      body: { ...body, dry_run: true },
    });
    expect([answer.status, answer.body.count]).toEqual([200, 3]);
    expect(lastAsked().body).toEqual({
      filter: { type: 'send_email', died_before: '2026-01-01T00:00:00.000Z' },
    });
  });

  it('are redriven by a job that the answer names, once per Idempotency-Key', async () => {
    const ORDER = 'POST /internal/dead-letters:order_redrive';
    const ordered = job({ type: 'dead_letters_redrive' });
    world.tiers.queue.on(ORDER, ok({ job: ordered, replayed: false }, 202));
    const body = { filter: { ids: [newId()] } };
    const headers = { 'idempotency-key': 'once' };
    const answer = await asOperator('POST', `${PATH}/redrive`, { body, headers });
    expect([answer.status, answer.headers.get('location')]).toEqual([
      202,
      `/v1/jobs/${ordered.id}`,
    ]);
    expect(lastAsked().body).toEqual({ ...body, idempotency_key: 'once' });
    world.tiers.queue.on(ORDER, ok({ job: ordered, replayed: true }, 202));
    const again = await asOperator('POST', `${PATH}/redrive`, { body, headers });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    for (const [wrong, error] of [
      [{}, '/filter is_defined'],
      [{ filter: { outcome: 'lost' } }, '/filter/outcome is_in'],
      [{ filter: { ids: [] } }, '/filter/ids array_min_size'],
      [{ filter: { subject: 'x' } }, '/filter/subject unknown_field'],
      [{ filter: {}, dry_run: 'yes' }, '/dry_run is_boolean'],
    ] as const)
      expect(errorsOf(await asOperator('POST', `${PATH}/redrive`, { body: wrong }))).toContain(
        error,
      );
  });
});
