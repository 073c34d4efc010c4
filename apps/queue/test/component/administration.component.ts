import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import { ReadyJobs } from '../../src/lease/ready-jobs.js';
import { type QueueService, startQueueService } from './queue-service.js';

let queue: QueueService;
beforeAll(async () => {
  queue = await startQueueService();
}, 120_000);
afterAll(() => queue.stop());
beforeEach(() =>
  queue.admin.query(
    `TRUNCATE job_queue, job_history, job_attempts, dead_letters, queue_controls, lane_pauses,
       rate_limits, rate_buckets, dedupe_keys`,
  ),
);

const TENANT = newId();
const MAILBOX = newId();

/** The body is of another shape on each route. */
async function ask(token: string, method: string, path: string, body?: unknown) {
  const answer = await queue.request(token, method, `/internal/${path}`, body);
  return { ...answer, body: answer.body as unknown as Record<string, unknown> };
}
const asOperator = (method: string, path: string, body?: unknown) =>
  ask(queue.platformToken, method, path, body);
const asWorker = (path: string, body: unknown) => ask(queue.workerToken, 'POST', path, body);
const asTenant = async (scope: string, method: string, path: string, body?: unknown) =>
  ask(await queue.tenantToken(TENANT, [scope]), method, path, body);
/** Leases until all of these are leased, which nobody may have given a sign of. */
async function leaseOf(ids: readonly string[]) {
  const leased: unknown[] = [];
  const request = { worker_id: 'w', types: ['send_email'], max: 10, wait_ms: 2_000 };
  await eventually(async () => {
    const { body } = await asWorker('leases', request);
    leased.push(...(body.jobs as { id: string }[]).map(({ id }) => id));
    return leased.length >= ids.length;
  });
  expect(leased.sort()).toEqual([...ids].sort());
}
/** What `work` gives, which has to wake those who wait for jobs: looking now and then would hide that it does not. */
async function waking<T>(work: () => Promise<T>): Promise<T> {
  const wake = jest.spyOn(queue.app.get(ReadyJobs), 'wake');
  try {
    const result = await work();
    expect(wake).toHaveBeenCalledWith();
    return result;
  } finally {
    wake.mockRestore();
  }
}
const dataOf = ({ body }: { body: Record<string, unknown> }) =>
  body.data as Record<string, unknown>[];

async function newJob(tenantId = TENANT): Promise<string> {
  const id = newId();
  await queue.admin.query(
    `INSERT INTO job_queue (tenant_id, id, job_type, payload, rate_key)
     VALUES ($1, $2, 'send_email', $3, $4)`,
    [tenantId, id, { email_id: id, storage_key: 'cnt_AAAAAAAAAAAAAAAAAAAAAA' }, MAILBOX],
  );
  return id;
}

/** A letter of a job that died `minutes` ago. */
async function deadLetter(minutes = 1, change: { tenantId?: string; code?: string } = {}) {
  const id = newId();
  await queue.admin.query(
    `INSERT INTO dead_letters (tenant_id, id, job_id, job_type, queue, payload, priority, outcome,
       error_code, attempts, max_attempts, lease_losses, tries, job_created_at, died_at)
     VALUES ($1, $2, gen_random_uuid(), 'send_email', 'default', $3, 5, 'failed', $4, 1, 12, 0,
       '[]', now() - interval '1 day', now() - $5 * interval '1 minute')`,
    [
      change.tenantId ?? TENANT,
      id,
      { email_id: id, storage_key: 'cnt_AAAAAAAAAAAAAAAAAAAAAA' },
      change.code ?? 'tls_required',
      minutes,
    ],
  );
  return id;
}

describe('jobs of a tenant', () => {
  it('are listed, cancelled and retried by its keys with their scopes', async () => {
    const [older, newer] = [await newJob(), await newJob()];
    await newJob(newId());
    const page = await asTenant('jobs:read', 'GET', 'jobs?limit=1');
    expect([dataOf(page).map(({ id }) => id), page.body.has_more]).toEqual([[newer], true]);
    const { id, created_at } = page.body.next as { id: string; created_at: string };
    const next = await asTenant(
      'jobs:read',
      'GET',
      `jobs?after_id=${id}&after_created_at=${created_at}`,
    );
    expect(dataOf(next).map((job) => job.id)).toEqual([older]);
    expect((await asTenant('jobs:read', 'POST', `jobs/${newer}/cancel`)).status).toBe(403);
    const cancelled = await asTenant('jobs:write', 'POST', `jobs/${newer}/cancel`);
    expect(cancelled).toMatchObject({ status: 200, body: { status: 'cancelled', id: newer } });
    const again = await asTenant('jobs:write', 'POST', `jobs/${newer}/cancel`);
    expect(again).toMatchObject({ status: 409, body: { code: 'job_not_cancellable' } });
    await queue.admin.query(`UPDATE job_queue SET scheduled_at = now() + interval '1 hour'`);
    const retry = () =>
      asTenant('jobs:write', 'POST', `jobs/${older}/retry`, { may_be_repeated: false });
    expect(await retry()).toMatchObject({
      status: 202,
      body: { replayed: false, job: { id: older, status: 'ready' } },
    });
    expect(await retry()).toMatchObject({ status: 409, body: { code: 'job_not_retryable' } });
  });

  it('are 202 while a worker holds them', async () => {
    const id = await newJob();
    await leaseOf([id]);
    const answer = await asTenant('jobs:write', 'POST', `jobs/${id}/cancel`);
    expect(answer).toMatchObject({
      status: 202,
      body: { status: 'running', cancel_requested_at: expect.any(String) },
    });
  });

  it.each([
    'status=lost',
    'limit=0',
    'limit=101',
    'type=Mine',
    'after_id=x',
    'created_after=now',
    'q=x',
  ])('are not listed by %s', async (query) => {
    expect((await asTenant('jobs:read', 'GET', `jobs?${query}`)).status).toBe(400);
  });

  it('of the platform are read with a platform key, those of tenants are not', async () => {
    const [own, foreign] = [await newJob(PLATFORM_TENANT_ID), await newJob()];
    expect(dataOf(await asOperator('GET', 'jobs')).map(({ id }) => id)).toEqual([own]);
    expect((await asOperator('GET', `jobs/${own}`)).status).toBe(200);
    for (const [method, path] of [
      ['GET', ''],
      ['POST', '/cancel'],
    ])
      expect((await asOperator(method, `jobs/${foreign}${path}`)).status).toBe(404);
  });
});

describe('queues', () => {
  const sendEmail = async () =>
    dataOf(await asOperator('GET', 'queues')).find(({ type }) => type === 'send_email');

  it('tell depth, rate and whether they run', async () => {
    await queue.admin.query(
      `INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
         max_attempts, scheduled_at, created_at, completed_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'send_email', 'default', 'cancelled',
         'cancelled', 0, 0, 12, now(), now(), now() - n * interval '1 minute'
       FROM generate_series(0, 9) AS n`,
    );
    expect(await sendEmail()).toMatchObject({
      object: 'queue',
      paused: false,
      reason: null,
      depth: { ready: expect.any(Number), dead: expect.any(Number) },
      finished_per_minute: 1,
    });
  });

  it('stop and go on: a paused type keeps its jobs', async () => {
    const id = await newJob();
    const take = () =>
      asWorker('leases', { worker_id: 'w', types: ['send_email'], max: 1, wait_ms: 0 });
    const paused = await asOperator('POST', 'queues/send_email/pause', { reason: 'storm' });
    expect(paused).toMatchObject({ status: 200, body: { paused: true, reason: 'storm' } });
    expect((await take()).body.jobs).toEqual([]);
    const job = await asTenant('jobs:read', 'GET', `jobs/${id}`);
    expect(job.body.limited_by).toEqual({ limit: 'paused_type', until: null });
    const resumed = await waking(() => asOperator('POST', 'queues/send_email/resume'));
    expect(resumed.body).toMatchObject({ paused: false, reason: null, paused_at: null });
    await leaseOf([id]);
    for (const action of ['pause', 'resume'])
      expect(
        (await asOperator('POST', `queues/mine_coins/${action}`, { reason: null })).status,
      ).toBe(404);
    expect((await asOperator('POST', 'queues/send_email/pause', {})).status).toBe(422);
  });
});

describe('pauses and limits', () => {
  const LIMIT = {
    per_minute: 60,
    per_day: null,
    warmup: { started_on: '2026-11-01', curve: [5, 10] },
  };

  it('of a tenant and a mailbox are made, listed and ended', async () => {
    const pause = (mailbox_id: string | null) =>
      asOperator('POST', 'queue-pauses', { tenant_id: TENANT, mailbox_id, reason: 'complaints' });
    expect(await pause(null)).toMatchObject({ status: 200, body: { mailbox_id: null } });
    expect(await pause(MAILBOX)).toMatchObject({
      body: { mailbox_id: MAILBOX, tenant_id: TENANT },
    });
    await pause(MAILBOX);
    await asOperator('POST', 'queue-pauses', {
      tenant_id: newId(),
      mailbox_id: null,
      reason: null,
    });
    const first = await asOperator('GET', `queue-pauses?tenant_id=${TENANT}&limit=1`);
    expect(dataOf(first)).toMatchObject([{ object: 'queue_pause', mailbox_id: null }]);
    expect(first.body.has_more).toBe(true);
    const second = await asOperator(
      'GET',
      `queue-pauses?tenant_id=${TENANT}&after_tenant_id=${TENANT}&after_key=`,
    );
    expect(dataOf(second)).toMatchObject([{ mailbox_id: MAILBOX, reason: 'complaints' }]);
    expect(dataOf(await asOperator('GET', 'queue-pauses'))).toHaveLength(3);
    const resume = (query: string) =>
      queue.status(queue.platformToken, 'DELETE', `/internal/queue-pauses/${TENANT}${query}`);
    expect([await resume(''), await resume('')]).toEqual([204, 404]);
    expect(await resume(`?mailbox_id=${MAILBOX}`)).toBe(204);
  });

  it('are set, replaced, listed with what is used, and removed', async () => {
    const put = (key: string, body: object) =>
      asOperator('PUT', `queue-limits/${TENANT}/${encodeURIComponent(key)}`, body);
    const key = `mailbox:${MAILBOX}`;
    expect(await put(key, LIMIT)).toMatchObject({
      status: 200,
      body: { limit_key: key, ...LIMIT, used_today: 0 },
    });
    expect((await put(key, { per_minute: null, per_day: 9, warmup: null })).body).toMatchObject({
      per_minute: null,
      per_day: 9,
      warmup: null,
    });
    await queue.admin.query(
      `INSERT INTO rate_buckets (tenant_id, limit_key, tokens, refilled_at, day, used_today)
       VALUES ($1, $2, 0, now(), (now() AT TIME ZONE 'UTC')::date, 4)`,
      [TENANT, key],
    );
    await put('domain:*', { per_minute: 1, per_day: null, warmup: null });
    const list = dataOf(await asOperator('GET', `queue-limits?tenant_id=${TENANT}`));
    expect(list.map(({ limit_key, used_today }) => [limit_key, used_today])).toEqual([
      ['domain:*', null],
      [key, 4],
    ]);
    const remove = () =>
      queue.status(
        queue.platformToken,
        'DELETE',
        `/internal/queue-limits/${TENANT}/${encodeURIComponent(key)}`,
      );
    expect([await remove(), await remove()]).toEqual([204, 404]);
  });

  it.each<[string, object, number]>([
    ['tenant', { per_minute: null, per_day: null, warmup: null }, 422],
    ['tenant', { ...LIMIT, per_minute: 0 }, 422],
    ['tenant', { ...LIMIT, warmup: { started_on: '2026-02-30', curve: [1] } }, 422],
    ['tenant', { ...LIMIT, warmup: { started_on: '2026-02-01', curve: [0] } }, 422],
    ['tenant', {}, 422],
    ['mailbox:x', LIMIT, 404],
    ['domain:example.com', LIMIT, 404],
    ['everything', LIMIT, 404],
  ])('%s %j is %i', async (key, body, status) => {
    const path = `queue-limits/${TENANT}/${encodeURIComponent(key)}`;
    expect((await asOperator('PUT', path, body)).status).toBe(status);
  });
});

describe('dead letters', () => {
  it('are listed latest first, by filter, page by page', async () => {
    const ids = [await deadLetter(30), await deadLetter(20), await deadLetter(10)].reverse();
    const other = await deadLetter(50, { tenantId: newId(), code: 'attempts_exhausted' });
    const first = await asOperator('GET', `dead-letters?tenant_id=${TENANT}&limit=2`);
    expect([dataOf(first).map(({ id }) => id), first.body.has_more]).toEqual([
      ids.slice(0, 2),
      true,
    ]);
    const { died_at, id } = dataOf(first)[1];
    const second = await asOperator(
      'GET',
      `dead-letters?after_created_at=${died_at}&after_id=${id}`,
    );
    expect(dataOf(second).map((letter) => letter.id)).toEqual([ids[2], other]);
    const idsOf = async (query: string) =>
      dataOf(await asOperator('GET', `dead-letters?${query}`)).map((letter) => letter.id);
    expect(await idsOf('error_code=attempts_exhausted')).toEqual([other]);
    expect(await idsOf('outcome=unknown')).toEqual([]);
    expect(await idsOf('redriven=true')).toEqual([]);
    expect(await idsOf('type=send_email&redriven=false')).toHaveLength(4);
    expect(await idsOf(`died_before=${new Date(Date.now() - 2_400_000).toISOString()}`)).toEqual([
      other,
    ]);
    expect(await idsOf(`died_after=${new Date(Date.now() - 900_000).toISOString()}`)).toEqual([
      ids[0],
    ]);
    for (const wrong of ['outcome=lost', 'limit=0', 'redriven=yes', 'tenant_id=x', 'sort=id'])
      expect((await asOperator('GET', `dead-letters?${wrong}`)).status).toBe(400);
  });

  it('are read without the storage key, and discarded once', async () => {
    const id = await deadLetter();
    const { body } = await asOperator('GET', `dead-letters/${id}`);
    expect(body).toMatchObject({ object: 'dead_letter', payload: { email_id: id }, tries: [] });
    expect(JSON.stringify(body)).not.toContain('cnt_');
    const discard = () =>
      queue.status(queue.platformToken, 'DELETE', `/internal/dead-letters/${id}`);
    expect([await discard(), await discard()]).toEqual([204, 404]);
    expect((await asOperator('GET', `dead-letters/${id}`)).status).toBe(404);
  });

  it('are previewed, and redriven by the worker in bounded rounds', async () => {
    for (const minutes of [3, 2, 1]) await deadLetter(minutes);
    const preview = await asOperator('POST', 'dead-letters:preview', {
      filter: { type: 'send_email' },
    });
    expect(preview.body).toMatchObject({ count: 3, by_type: [{ type: 'send_email', count: 3 }] });
    const redrive = () =>
      asWorker('dead-letters:redrive', { filter: { tenant_id: TENANT }, limit: 2 });
    const redriven = ({ body }: Awaited<ReturnType<typeof redrive>>) =>
      (body.redriven as { job_id: string }[]).map(({ job_id }) => job_id);
    const [first, second] = [await waking(redrive), await waking(redrive)];
    expect([first.body.more, second.body.more]).toEqual([true, false]);
    await leaseOf([first, second].flatMap(redriven));
    for (const body of [
      { filter: {}, limit: 501 },
      { filter: {} },
      { filter: { outcome: 'lost' }, limit: 1 },
      { filter: { ids: [] }, limit: 1 },
      { filter: { subject: 'x' }, limit: 1 },
    ])
      expect((await asWorker('dead-letters:redrive', body)).status).toBe(422);
  });

  it('are for operators; redriving itself is for the worker', async () => {
    const tenant = await queue.tenantToken(TENANT, ['jobs:read', 'jobs:write']);
    for (const [method, path, body] of [
      ['GET', 'dead-letters', undefined],
      ['GET', 'queues', undefined],
      ['GET', 'queue-limits', undefined],
      ['POST', 'queue-pauses', {}],
      ['POST', 'dead-letters:preview', {}],
      ['POST', 'dead-letters:order_redrive', {}],
    ] as const) {
      expect((await ask(tenant, method, path, body)).status).toBe(403);
      expect((await ask(queue.workerToken, method, path, body)).status).toBe(403);
    }
    const redrive = { filter: {}, limit: 1 };
    for (const token of [tenant, queue.platformToken, queue.gatewayToken])
      expect((await ask(token, 'POST', 'dead-letters:redrive', redrive)).status).toBe(403);
  });
});
