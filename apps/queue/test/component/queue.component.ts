import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { jobTypeNames, newEmailId, newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { verifyGrant } from '@penguinmails/http';
import {
  collectEvents,
  type EventCollector,
  eventually,
  produceEvents,
  testBrokers,
  testKeys,
} from '@penguinmails/testing';
import { LeaseJobs } from '../../src/lease/lease-jobs.js';
import { acceptedEmail, type EmailAccepted } from '../integration/queue-engine.js';
import { type QueueService, startQueueService } from './queue-service.js';

const CORRELATION_ID = newId();

let queue: QueueService;
let deliveries: EventCollector;
beforeAll(async () => {
  [queue, deliveries] = await Promise.all([
    startQueueService({ brokers: testBrokers() }),
    collectEvents(testBrokers(), ['penguinmails.internal.queue.deliveries.v1']),
  ]);
}, 240_000);
afterAll(() => Promise.all([queue.stop(), deliveries.stop()]));

const produce = (...emails: EmailAccepted[]) =>
  produceEvents(
    testBrokers(),
    emails.map(({ type, tenantId, subject, data }) => ({
      type,
      tenantId,
      subject,
      data,
      correlationId: CORRELATION_ID,
    })),
  );
const asWorker = (path: string, body: unknown) =>
  queue.request(queue.workerToken, 'POST', path, body);
const lease = (more: object = {}) =>
  asWorker('/internal/leases', {
    worker_id: 'worker-1',
    types: ['send_email'],
    max: 50,
    wait_ms: 2000,
    ...more,
  });
const asTenant = async (tenantId: string, path: string, ...scopes: string[]) =>
  queue.request(await queue.tenantToken(tenantId, scopes), 'GET', path);

interface LeasedBody {
  id: string;
  tenant_id: string;
}

/** Leases until the job of the e-mail comes; the log holds jobs of other tests, too. */
async function leaseOf({ data }: EmailAccepted, timeoutMs = 50_000) {
  const attempt = async () => {
    const { body } = await lease();
    const job = body.jobs?.find(({ id }) => id === data.email_id);
    return job ? { ...body, job } : false;
  };
  return eventually(attempt, { timeoutMs });
}

const finish = (job: LeasedBody, leaseToken: string, more: object = {}) =>
  asWorker('/internal/leases:finish', {
    worker_id: 'worker-1',
    results: [
      {
        tenant_id: job.tenant_id,
        job_id: job.id,
        lease_token: leaseToken,
        kind: 'delivered',
        code: 250,
        enhanced_code: '2.0.0',
        error_code: null,
        reply: '250 2.0.0 queued for ann@example.com',
        started_at: '2026-11-22T10:00:00.000Z',
        finished_at: '2026-11-22T10:00:01.000Z',
        ...more,
      },
    ],
  });

describe('the way of one e-mail through the queue', () => {
  it('goes from an event by lease, heartbeat and finish to an event', async () => {
    const email = acceptedEmail();
    const { tenantId, data } = email;
    await produce(email);
    const { job, lease_token, lease_expires_at, grants } = await leaseOf(email);
    expect(job).toMatchObject({
      tenant_id: tenantId,
      type: 'send_email',
      payload: { email_id: data.email_id },
      attempt: 1,
      mailbox_id: data.mailbox_id,
      storage_key: data.storage_key,
      correlation_id: CORRELATION_ID,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(grants).toHaveLength(1);
    const { tenants } = await verifyGrant(testKeys().publicKeys, grants[0].grant, 'oltp');
    const own = tenants.find((part) => part.tenantId === tenantId);
    expect(own?.jobIds).toContain(data.email_id);
    expect(new Date(lease_expires_at).getTime()).toBeGreaterThan(Date.now());

    const beat = await asWorker('/internal/leases:heartbeat', {
      worker_id: 'worker-1',
      leases: [
        {
          lease_token,
          jobs: [
            { tenant_id: tenantId, id: data.email_id },
            { tenant_id: tenantId, id: newEmailId() },
          ],
        },
      ],
    });
    expect(beat.status).toBe(200);
    expect(beat.body.lost).toHaveLength(1);
    expect(beat.body.grants).toEqual([{ lease_token, grant: expect.any(String) }]);

    const finished = await finish(job, lease_token);
    expect(finished).toMatchObject({
      status: 200,
      body: { accepted: [data.email_id], refused: [] },
    });
    const event = await deliveries.waitFor(({ tenantId: of }) => of === tenantId);
    expect(event).toMatchObject({
      type: 'penguinmails.delivery.recorded.v1',
      data: { items: [{ email_id: data.email_id, attempt: 1, class: 'delivered', final: true }] },
    });
    expect(JSON.stringify(event)).not.toContain('example.com');

    const shown = await asTenant(tenantId, `/internal/jobs/${data.email_id}`, 'jobs:read');
    expect(shown).toMatchObject({ status: 200, body: { object: 'job', status: 'completed' } });
    const tries = await asTenant(
      tenantId,
      `/internal/jobs/${data.email_id}/attempts`,
      'emails:read',
    );
    const { started_at: begun } = shown.body as unknown as { started_at: string };
    expect(tries.body.data).toEqual([
      {
        attempt: 1,
        outcome: 'delivered',
        code: 250,
        enhanced_code: '2.0.0',
        error_code: null,
        reply: '250 2.0.0 queued for <address>',
        // The worker's clock is a day behind: the try lies within its lease all the same.
        started_at: begun,
        finished_at: begun,
      },
    ]);
    expect((await finish(job, lease_token)).body).toEqual({
      accepted: [],
      refused: [data.email_id],
    });
  });

  it('ends where the e-mail is withdrawn', async () => {
    const later = { scheduled_at: new Date(Date.now() + 3_600_000).toISOString() };
    const email = acceptedEmail(later);
    await produce(email);
    const read = () => asTenant(email.tenantId, `/internal/jobs/${email.subject}`, 'jobs:read');
    await eventually(async () => (await read()).body.status === 'scheduled');
    await produceEvents(testBrokers(), [
      {
        type: 'penguinmails.email.withdrawn.v1',
        tenantId: email.tenantId,
        subject: email.subject,
        data: { email_id: email.subject, reason: 'cancelled' },
      },
    ]);
    await eventually(async () => (await read()).body.status === 'cancelled');
  });

  it('goes on with another worker when the first one dies', async () => {
    const email = acceptedEmail();
    await produce(email);
    await leaseOf(email);
    await queue.admin.query(
      `UPDATE job_queue SET lease_expires_at = now() - interval '1 second' WHERE id = $1`,
      [email.subject],
    );
    const { job } = await leaseOf(email);
    expect(job.attempt).toBe(1);
  });
});

describe('who may call', () => {
  const id = newEmailId();
  const body = { worker_id: 'w', types: ['send_email'], max: 1, wait_ms: 0 };

  it.each([
    ['nobody', () => null, 401],
    ['something that is no token', () => 'x.y.z', 401],
    ['the gateway itself', () => queue.gatewayToken, 403],
    ['a tenant', () => queue.tenantToken(newId(), ['jobs:read']), 403],
  ])('leases are not for %s', async (_who, token, status) => {
    const answer = await queue.request(await token(), 'POST', '/internal/leases', body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  it.each([
    ['the worker', () => queue.workerToken],
    ['a tenant without the scope', () => queue.tenantToken(newId(), ['emails:send'])],
  ])('jobs are not for %s', async (_who, token) => {
    const answer = await queue.request(await token(), 'GET', `/internal/jobs/${id}`);
    expect(answer.status).toBe(403);
  });

  it('answers a foreign id exactly like an unknown one, and like one that is none', async () => {
    const email = acceptedEmail();
    await produce(email);
    const own = () => asTenant(email.tenantId, `/internal/jobs/${email.subject}`, 'jobs:read');
    await eventually(async () => (await own()).status === 200);
    const stranger = newId();
    const answers = await Promise.all(
      [email.subject, newEmailId(), 'not-an-id'].map((each) =>
        asTenant(stranger, `/internal/jobs/${each}`, 'jobs:read'),
      ),
    );
    const [foreign, unknown, malformed] = answers.map(({ status, body: problem }) => {
      const { request_id, instance, ...rest } = problem;
      return { ...rest, answered: status, named: [typeof request_id, typeof instance] };
    });
    expect(foreign).toMatchObject({ answered: 404, code: 'not_found' });
    expect(unknown).toEqual(foreign);
    expect(malformed).toEqual(foreign);
  });
});

describe('bad input changes nothing and is named', () => {
  const good = { worker_id: 'w', types: ['send_email'], max: 1, wait_ms: 0 };
  const result = {
    tenant_id: newId(),
    job_id: newId(),
    lease_token: newId(),
    kind: 'delivered',
    code: null,
    enhanced_code: null,
    error_code: null,
    reply: null,
    started_at: '2026-11-22T10:00:00Z',
    finished_at: '2026-11-22T10:00:00Z',
  };
  const report = (...results: object[]) => ({ worker_id: 'w', results });

  it.each([
    ['leases', { ...good, max: 501 }, '/max', 'maximum'],
    ['leases', { ...good, wait_ms: 60_000 }, '/wait_ms', 'maximum'],
    ['leases', { ...good, types: [] }, '/types', 'min_items'],
    ['leases', { ...good, types: ['mine_coins'] }, '/types/0', 'unknown_job_type'],
    ['leases', { ...good, tenant_id: newId() }, '/tenant_id', 'unknown_field'],
    ['leases', {}, '', 'required'],
    ['leases', [], '', 'type'],
    ['leases:heartbeat', { worker_id: 'w', leases: [] }, '/leases', 'min_items'],
    ['leases:finish', report(), '/results', 'min_items'],
    ['leases:finish', report({ ...result, kind: 'lost' }), '/results/0/kind', 'enum'],
    ['leases:finish', report({ ...result, job_id: 'x' }), '/results/0/job_id', 'format'],
    [
      'leases:finish',
      report({ ...result, finished_at: '2026-13-40T10:00:00Z' }),
      '/results/0/finished_at',
      'format',
    ],
    ['leases:finish', report(result, result), '/results/1', 'duplicate_result'],
  ])('%s %j', async (path, body, pointer, code) => {
    const answer = await asWorker(`/internal/${path}`, body);
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
  });

  it('malformed JSON is 400', async () => {
    const answer = await asWorker('/internal/leases', '{"worker_id":');
    expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_json' } });
  });

  it('takes 500 results with the longest replies, and no more', async () => {
    const long = (n: number) =>
      Array.from({ length: n }, () => ({ ...result, job_id: newId(), reply: 'x'.repeat(2000) }));
    const all = await asWorker('/internal/leases:finish', report(...long(500)));
    expect(all.status).toBe(200);
    expect(all.body.refused).toHaveLength(500);
    expect((await asWorker('/internal/leases:finish', report(...long(501)))).status).toBe(422);
  });
});

describe('what the service says about itself', () => {
  it('answers its health with depth and age', async () => {
    // Its database has a second to answer, and Kafka may be asked for a while.
    await eventually(async () => {
      const { status, body } = await queue.request(queue.gatewayToken, 'GET', '/internal/health');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        tier: 'queue',
        database: { reachable: true, latency_ms: expect.any(Number), pool: { max: 50 } },
        outbox: { depth: expect.any(Number), oldest_age_seconds: expect.any(Number) },
        consumer: { state: expect.any(String), lag: expect.any(Number) },
        jobs: {
          ready: expect.any(Number),
          running: expect.any(Number),
          oldest_ready_age_seconds: expect.any(Number),
        },
      });
    });
  });

  it('has written its job types and their schedules', async () => {
    const { rows } = await queue.admin.query('SELECT * FROM job_types ORDER BY job_type');
    expect(rows.map((row) => row.job_type)).toEqual([...jobTypeNames].sort());
    expect(rows.filter((row) => row.job_type === 'send_email')).toMatchObject([
      {
        max_attempts: 12,
        retry_policy: { unknown_retries: 1 },
        limits: { lease_ms: 26_000, lease_loss_limit: 20, waiting_limit_seconds: null },
        retention: { completed: 30, expired: 30, dead: 90 },
      },
    ]);
    const schedules = await queue.admin.query('SELECT tenant_id, name FROM schedules');
    expect(schedules.rows).toEqual([{ tenant_id: PLATFORM_TENANT_ID, name: 'maintenance' }]);
  });

  it('stamps its clock every second', async () => {
    const stamps = async () => (await queue.admin.query('SELECT stamped_at FROM queue_clock')).rows;
    const [before] = await eventually(async () => (await stamps()).length > 0 && stamps());
    await eventually(async () => (await stamps())[0].stamped_at > before.stamped_at);
  });
});

describe('a database that is away', () => {
  it('is a 503 of this tier; afterwards everything goes on', async () => {
    const email = acceptedEmail();
    await queue.setDatabaseAway(true);
    try {
      const read = await asTenant(newId(), `/internal/jobs/${newEmailId()}`, 'jobs:read');
      expect(read).toMatchObject({ status: 503, body: { tier: 'queue', retryable: true } });
      expect(await lease({ wait_ms: 0 })).toMatchObject({ status: 503, body: { tier: 'queue' } });
      const health = await queue.request(queue.gatewayToken, 'GET', '/internal/health');
      expect(health.body).toMatchObject({ tier: 'queue', database: { reachable: false } });
      await produce(email);
    } finally {
      await queue.setDatabaseAway(false);
    }
    await leaseOf(email, 120_000);
  }, 240_000);
});

describe('a worker that hangs up', () => {
  it('is not waited for, and its request takes no jobs', async () => {
    const execute = jest.spyOn(queue.app.get(LeaseJobs), 'execute');
    const hangUpOnce = async () => {
      execute.mockClear();
      const hangUp = new AbortController();
      const answer = fetch(`http://127.0.0.1:${queue.port}/internal/leases`, {
        method: 'POST',
        signal: hangUp.signal,
        headers: {
          authorization: `Bearer ${queue.workerToken}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ worker_id: 'gone', types: ['send_email'], max: 1, wait_ms: 2000 }),
      }).catch((error: Error) => error.name);
      await eventually(() => execute.mock.calls.length > 0);
      hangUp.abort();
      return answer;
    };
    // Again if its 2 s were over when it hung up.
    await eventually(async () => expect(await hangUpOnce()).toBe('AbortError'));
    const [[, abandoned]] = execute.mock.calls;
    await eventually(() => abandoned.aborted);
    await expect(execute.mock.results[0].value).resolves.toMatchObject({ jobs: [] });
    const { rows } = await queue.admin.query(`SELECT FROM job_queue WHERE leased_by = 'gone'`);
    expect(rows).toEqual([]);
    execute.mockRestore();
  });
});

describe('parked events', () => {
  const PATH = '/internal/parked-events';
  const asOperator = (method: string, path = PATH) =>
    queue.request(queue.platformToken, method, path);
  const statusOf = async (method: string, path: string) => (await asOperator(method, path)).status;

  /** As a handler that failed once would leave it; the timer comes back in an hour. */
  async function park(table: 'parked_event' | 'dead_event') {
    const id = newId();
    const [extra, value] =
      table === 'dead_event' ? ['parked_at', 'now()'] : ['next_attempt_at', "now() + '1 hour'"];
    await queue.admin.query(
      `INSERT INTO ${table} (id, tenant_id, consumer_group, topic, partition, record_offset, key,
         event_id, type, headers, attempts, last_error, ${extra})
       VALUES ($1, $2, 'queue', 'penguinmails.internal.oltp.emails.v1', 0, 0, $3, $2,
         'penguinmails.email.withdrawn.v1', '{}', 1, 'type_error', ${value})`,
      [id, newId(), id],
    );
    await queue.admin.query(
      `INSERT INTO consumer_position (consumer_group, topic, partition, parked)
       VALUES ('queue', 'penguinmails.internal.oltp.emails.v1', 0, 1)
       ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET parked = 1`,
    );
    return id;
  }

  it('are listed, read, discarded by operators; other ids are 404', async () => {
    const [live, dead] = [await park('parked_event'), await park('dead_event')];
    const { data } = (await asOperator('GET', `${PATH}?state=dead&limit=5`)).body;
    expect(data).toEqual([expect.objectContaining({ id: dead, state: 'dead', attempts: 1 })]);
    expect(await statusOf('GET', `${PATH}/${live}`)).toBe(200);
    for (const action of ['retry', 'discard', 'replay'])
      expect(await statusOf('POST', `${PATH}/${newId()}/${action}`)).toBe(404);
    expect(await statusOf('GET', `${PATH}/x`)).toBe(404);
    expect(await statusOf('POST', `${PATH}/${live}/replay`)).toBe(409);
    expect(await statusOf('POST', `${PATH}/${dead}/retry`)).toBe(409);
    for (const id of [live, dead])
      expect([
        await statusOf('POST', `${PATH}/${id}/discard`),
        await statusOf('POST', `${PATH}/${id}/discard`),
      ]).toEqual([200, 404]);
  });

  it('are not for tenants, nor for the gateway on its own account', async () => {
    const tenant = await queue.tenantToken(newId(), ['jobs:read']);
    for (const token of [tenant, queue.gatewayToken, queue.workerToken])
      expect((await queue.request(token, 'GET', PATH)).status).toBe(403);
    for (const query of ['limit=0', 'state=x', 'after_id=x', 'offset=1'])
      expect((await asOperator('GET', `${PATH}?${query}`)).status).toBeGreaterThanOrEqual(400);
  });
});
