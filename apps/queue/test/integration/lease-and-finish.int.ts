import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { verifyGrant } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';
import {
  acceptedEmail,
  type EmailAccepted,
  type QueueEngine,
  resultOf,
  startQueueEngine,
  TYPES,
} from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const DEFERRED = { kind: 'deferred', code: 451, enhanced_code: '4.7.1' } as const;
const many = (n: number, tenantId = newId()) =>
  Array.from({ length: n }, () => acceptedEmail({}, tenantId));
const find = ({ tenantId, data }: EmailAccepted) => queue.getJob.execute(tenantId, data.email_id);
const attemptsOf = ({ tenantId, data }: EmailAccepted) =>
  queue.listAttempts.execute(tenantId, data.email_id);

/** Leases everything that is ready and reports the same outcome for all of it. */
async function tryOnce(result: Parameters<typeof resultOf>[2] = {}) {
  const { jobs, leaseToken } = await queue.lease(500);
  return queue.finishJobs.execute(jobs.map((job) => resultOf(job, leaseToken, result)));
}

/** What the outbox holds for a type, in order. */
const published = (type: string) =>
  queue.rows<{ tenant_id: string; key: string; payload: string }>(
    'SELECT tenant_id, key, payload FROM outbox WHERE type = $1 ORDER BY seq',
    [`penguinmails.${type}`],
  );
const deliveries = async () =>
  (await published('delivery.recorded.v1')).flatMap(({ payload }) => JSON.parse(payload).items);
const makeDue = () => queue.admin.query('UPDATE job_queue SET scheduled_at = now()');

describe('an accepted e-mail', () => {
  it('becomes one ready job with the id of the e-mail', async () => {
    const email = acceptedEmail({ priority: 7 });
    await queue.accept([email]);
    await expect(find(email)).resolves.toMatchObject({
      object: 'job',
      id: email.data.email_id,
      type: 'send_email',
      status: 'ready',
      priority: 7,
      attempts: 0,
      max_attempts: 12,
      started_at: null,
      completed_at: null,
    });
    const [row] = await queue.rows('SELECT * FROM job_queue');
    expect(row).toMatchObject({
      rate_key: email.data.mailbox_id,
      domain_key: email.data.domain_key,
      correlation_id: email.correlationId,
      traceparent: email.traceparent,
    });
  });

  it('waits until its time when it is scheduled', async () => {
    const later = acceptedEmail({ scheduled_at: new Date(Date.now() + 60_000).toISOString() });
    await queue.accept([later]);
    await expect(find(later)).resolves.toMatchObject({ status: 'scheduled' });
    expect((await queue.lease(10)).jobs).toEqual([]);
  });

  it('stays one job however often its event comes, in one slice or later', async () => {
    const email = acceptedEmail();
    await queue.accept([email, email]);
    await queue.accept([email]);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(1);
  });

  it('is not sent again by a repeated event after it was finished', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await tryOnce();
    await queue.accept([email]);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(0);
    await expect(find(email)).resolves.toMatchObject({ status: 'completed' });
  });

  it('takes one statement for a slice of many tenants', async () => {
    const emails = Array.from({ length: 500 }, () => acceptedEmail());
    await queue.accept(emails);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(500);
  });
});

describe('a lease', () => {
  it('goes by priority, then time, then id', async () => {
    const at = (ms: number) => new Date(Date.now() - 60_000 + ms).toISOString();
    const late = acceptedEmail({ scheduled_at: at(2) });
    const early = acceptedEmail({ scheduled_at: at(1) });
    const urgent = acceptedEmail({ priority: 5, scheduled_at: at(3) });
    const twin = acceptedEmail({ scheduled_at: at(2) });
    await queue.accept([twin, late, early, urgent]);
    const { jobs } = await queue.lease(10);
    expect(jobs.map((job) => job.jobId)).toEqual(
      [urgent, early, late, twin].map((email) => email.data.email_id),
    );
  });

  it('carries one grant a tenant, for its jobs, contents and mailboxes, until the lease ends', async () => {
    const [a, b] = [newId(), newId()];
    const emails = [acceptedEmail({}, a), acceptedEmail({}, a), acceptedEmail({}, b)];
    await queue.accept(emails);
    const { grants, leaseToken, expiresAt } = await queue.lease(10);
    expect(grants.map((grant) => grant.tenant_id).sort()).toEqual([a, b].sort());
    const ofA = grants.find((grant) => grant.tenant_id === a)!;
    const grant = await verifyGrant(testKeys().publicKeys, ofA.grant, 'content');
    const own = emails.filter((email) => email.tenantId === a).map(({ data }) => data);
    expect([...grant.jobIds].sort()).toEqual(own.map((data) => data.email_id).sort());
    expect([...grant.contentKeys].sort()).toEqual(own.map((data) => data.storage_key).sort());
    expect([...grant.mailboxIds].sort()).toEqual(own.map((data) => data.mailbox_id).sort());
    expect(grant).toMatchObject({ tenantId: a, leaseToken });
    expect(Math.abs(grant.expiresAt.getTime() - expiresAt!.getTime())).toBeLessThan(1000);
  });

  it('lasts 30 s by the clock of the database', async () => {
    await queue.accept([acceptedEmail()]);
    await queue.lease(1);
    const [{ left }] = await queue.rows<{ left: number }>(
      'SELECT extract(epoch FROM lease_expires_at - now())::float8 AS left FROM job_queue',
    );
    expect(left).toBeGreaterThan(25);
    expect(left).toBeLessThanOrEqual(30);
  });

  it('never gives one job to two of many claimers at the same time', async () => {
    await queue.accept(many(500));
    await queue.accept(many(500));
    const claimers = Array.from({ length: 16 }, (_, n) => drain(`worker-${n}`));
    const taken = (await Promise.all(claimers)).flat();
    expect(taken).toHaveLength(1000);
    expect(new Set(taken).size).toBe(1000);
  });

  async function drain(worker: string): Promise<string[]> {
    const ids: string[] = [];
    const claim = async () =>
      queue.db.system.once((tx) =>
        queue.repositories.leases.claim(tx, {
          types: TYPES,
          max: 7,
          leaseToken: newId(),
          leaseMs: 30_000,
          workerId: worker,
        }),
      );
    for (let jobs = await claim(); jobs.length > 0; jobs = await claim())
      ids.push(...jobs.map((job) => job.jobId));
    return ids;
  }

  it('leaves out a type that is paused, and gives it again afterwards', async () => {
    await queue.accept([acceptedEmail()]);
    await queue.admin.query(
      `INSERT INTO queue_controls (job_type, paused) VALUES ('send_email', true)`,
    );
    expect((await queue.lease(1)).jobs).toHaveLength(0);
    await queue.admin.query('UPDATE queue_controls SET paused = false');
    queue.ready.wake();
    expect((await queue.lease(1)).jobs).toHaveLength(1);
  });

  it('is answered as soon as an enqueue has committed', async () => {
    const waiting = queue.lease(1, 'worker-1', 20_000);
    const started = performance.now();
    await queue.accept([acceptedEmail()]);
    expect((await waiting).jobs).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('finds what another replica enqueued, by its poll', async () => {
    const waiting = queue.lease(1, 'worker-1', 20_000);
    const { tenantId, data } = acceptedEmail();
    await queue.admin.query(
      `INSERT INTO job_queue (tenant_id, id, job_type, payload) VALUES ($1, $2, 'send_email', $3)`,
      [tenantId, data.email_id, { email_id: data.email_id }],
    );
    expect((await waiting).jobs).toHaveLength(1);
  });

  it('goes back at once when the worker hung up while it was claimed', async () => {
    await queue.accept([acceptedEmail()]);
    const hungUp = new AbortController();
    hungUp.abort();
    const request = { worker_id: 'gone', types: TYPES, max: 1, wait_ms: 0 };
    const lease = await queue.leaseJobs.execute(request, hungUp.signal);
    expect(lease.jobs).toEqual([]);
    expect((await queue.lease(1)).jobs).toHaveLength(1);
  });

  it('refuses a type that nobody declared', async () => {
    const request = { worker_id: 'w', types: ['send_email', 'mine_coins'], max: 1, wait_ms: 0 };
    await expect(
      queue.leaseJobs.execute(request, new AbortController().signal),
    ).rejects.toMatchObject({
      status: 422,
      code: 'unknown_job_type',
      errors: [{ pointer: '/types/1' }],
    });
  });
});

describe('finishing', () => {
  it('moves a delivered job to history with its try, and tells oltp', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await expect(tryOnce({ reply: '250 OK for ann@example.com' })).resolves.toEqual({
      accepted: [email.data.email_id],
      refused: [],
    });
    await expect(find(email)).resolves.toMatchObject({ status: 'completed', attempts: 1 });
    await expect(attemptsOf(email)).resolves.toEqual([
      expect.objectContaining({
        attempt: 1,
        outcome: 'delivered',
        code: 250,
        reply: '250 OK for <address>',
      }),
    ]);
    expect(await deliveries()).toEqual([
      expect.objectContaining({
        email_id: email.data.email_id,
        attempt: 1,
        class: 'delivered',
        final: true,
        code: 250,
      }),
    ]);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(0);
  });

  it('completes a bounced job: it was answered', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await tryOnce({ kind: 'bounced', code: 550, enhanced_code: '5.1.1' });
    await expect(find(email)).resolves.toMatchObject({ status: 'completed' });
    expect(await deliveries()).toMatchObject([{ class: 'bounced', final: true, code: 550 }]);
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(0);
  });

  it('retries a deferred job by the schedule, by the clock of the database', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    for (const [attempt, wait] of [60, 300, 900].entries()) {
      await tryOnce({ ...DEFERRED, error_code: 'greylisted' });
      const [{ delay }] = await queue.rows<{ delay: number }>(
        'SELECT extract(epoch FROM scheduled_at - now())::float8 AS delay FROM job_queue',
      );
      expect(delay).toBeGreaterThan(wait * 0.85 - 5);
      expect(delay).toBeLessThanOrEqual(wait * 1.15);
      await expect(find(email)).resolves.toMatchObject({
        status: 'scheduled',
        attempts: attempt + 1,
        last_error_code: 'greylisted',
      });
      expect((await queue.lease(1)).jobs).toHaveLength(0);
      await makeDue();
      queue.ready.wake();
    }
    expect(await deliveries()).toMatchObject(
      [1, 2, 3].map((attempt) => ({ attempt, final: false })),
    );
  });

  it('buries a job whose tries are used up, with all of them', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.admin.query('UPDATE job_queue SET max_attempts = 2');
    await tryOnce(DEFERRED);
    await makeDue();
    queue.ready.wake();
    await tryOnce({ ...DEFERRED, reply: '451 busy, ask postmaster@example.com' });
    await expect(find(email)).resolves.toMatchObject({ status: 'dead', attempts: 2 });
    const [letter] = await queue.rows('SELECT * FROM dead_letters');
    expect(letter).toMatchObject({
      job_id: email.data.email_id,
      outcome: 'deferred',
      error_code: 'attempts_exhausted',
      payload: { email_id: email.data.email_id },
      tries: [
        { attempt: 1, outcome: 'deferred' },
        { attempt: 2, outcome: 'deferred', reply: '451 busy, ask <address>' },
      ],
    });
    expect((await deliveries()).at(-1)).toMatchObject({
      class: 'failed',
      final: true,
      code: 451,
      error_code: 'attempts_exhausted',
    });
    expect(await published('system.event_raised.v1')).toHaveLength(1);
  });

  it('buries a permanent failure at once and raises one event for many', async () => {
    const tenant = newId();
    await queue.accept(many(5, tenant));
    await tryOnce({
      kind: 'failed',
      code: null,
      enhanced_code: null,
      error_code: 'content_missing',
    });
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(5);
    const raised = await published('system.event_raised.v1');
    expect(raised.map(({ payload }) => JSON.parse(payload))).toMatchObject([
      { event_type: 'job_dead_lettered', tenant_id: tenant, code: 'content_missing', count: 5 },
    ]);
  });

  it('tries an unknown outcome once more, then buries it as unknown', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const unknown = { kind: 'unknown', code: null, enhanced_code: null } as const;
    await tryOnce(unknown);
    await expect(find(email)).resolves.toMatchObject({ status: 'scheduled', attempts: 1 });
    await makeDue();
    queue.ready.wake();
    await tryOnce(unknown);
    await expect(find(email)).resolves.toMatchObject({ status: 'dead' });
    expect(await deliveries()).toMatchObject([
      { class: 'unknown', final: false, error_code: 'outcome_unknown' },
      { class: 'unknown', final: true, error_code: 'outcome_unknown' },
    ]);
  });

  it('does not try an unknown outcome again where the mailbox parks it', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await tryOnce({ kind: 'unknown', code: null, enhanced_code: null, unknown_policy: 'park' });
    await expect(find(email)).resolves.toMatchObject({ status: 'dead', attempts: 1 });
  });

  it('gives an unstarted job back at once and counts nothing', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await tryOnce({ kind: 'returned', code: null, enhanced_code: null });
    await expect(find(email)).resolves.toMatchObject({ status: 'ready', attempts: 0 });
    expect(await deliveries()).toEqual([]);
    await expect(attemptsOf(email)).resolves.toEqual([]);
    expect((await queue.lease(1)).jobs).toMatchObject([{ attempt: 1 }]);
  });

  it('ends a job that oltp refused to begin, without a try', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await tryOnce({ kind: 'cancelled', code: null, enhanced_code: null });
    await expect(find(email)).resolves.toMatchObject({ status: 'cancelled', attempts: 0 });
    expect(await deliveries()).toMatchObject([{ class: 'cancelled', final: true, attempt: 0 }]);
  });

  it('writes one event per tenant and bucket with at most 350 items, each under its key', async () => {
    const tenants = [newId(), newId()];
    const bucket = (email: EmailAccepted) => Number.parseInt(email.data.email_id.slice(-1), 16) & 7;
    const emails = tenants.flatMap((tenant) => many(240, tenant));
    const oneBucket = many(4000, tenants[0])
      .filter((email) => bucket(email) === 3)
      .slice(0, 400);
    await queue.accept([...emails, ...oneBucket]);
    await tryOnce();
    await tryOnce();
    const events = await published('delivery.recorded.v1');
    const counted = events.map(({ tenant_id, key, payload }) => {
      const { items } = JSON.parse(payload);
      expect(items.length).toBeLessThanOrEqual(350);
      for (const { email_id } of items)
        expect(key).toBe(`${tenant_id}:${Number.parseInt(email_id.slice(-1), 16) & 7}`);
      return items.length;
    });
    expect(counted.reduce((sum, n) => sum + n, 0)).toBe(emails.length + oneBucket.length);
  });
});

describe('fencing', () => {
  it('refuses a result under a token that the row no longer holds, without effect', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const first = await queue.lease(1, 'paused-worker');
    await queue.rescueJobs.execute('test');
    await queue.letLeasesAge(31);
    await queue.rescueJobs.execute('test');
    const second = await queue.lease(1, 'next-worker');
    expect(second.jobs).toHaveLength(1);

    const stale = await queue.finishJobs.execute([resultOf(first.jobs[0], first.leaseToken)]);
    expect(stale).toEqual({ accepted: [], refused: [email.data.email_id] });
    await expect(find(email)).resolves.toMatchObject({ status: 'running', attempts: 0 });
    expect(await deliveries()).toEqual([]);

    const right = await queue.finishJobs.execute([resultOf(second.jobs[0], second.leaseToken)]);
    expect(right.accepted).toHaveLength(1);
  });

  it('takes a result while the row still holds the token, also after the lease has run out', async () => {
    await queue.accept([acceptedEmail()]);
    const { jobs, leaseToken } = await queue.lease(1);
    await queue.letLeasesAge(3600);
    const { accepted } = await queue.finishJobs.execute([resultOf(jobs[0], leaseToken)]);
    expect(accepted).toHaveLength(1);
  });

  it('takes each result once: a repeated report is refused', async () => {
    await queue.accept([acceptedEmail()]);
    const { jobs, leaseToken } = await queue.lease(1);
    const results = [resultOf(jobs[0], leaseToken)];
    const reports = [queue.finishJobs.execute(results), queue.finishJobs.execute(results)];
    const answers = await Promise.all(reports);
    expect(answers.map(({ accepted }) => accepted.length).sort()).toEqual([0, 1]);
    expect(await deliveries()).toHaveLength(1);
  });

  it('answers what a heartbeat still holds with new grants, and names what is lost', async () => {
    await queue.accept(many(2));
    const { jobs, leaseToken } = await queue.lease(2);
    await queue.finishJobs.execute([resultOf(jobs[0], leaseToken, { kind: 'returned' })]);
    await queue.letLeasesAge(20);
    const renewal = await queue.renewLeases.execute({
      worker_id: 'worker-1',
      leases: [
        {
          lease_token: leaseToken,
          jobs: jobs.map((job) => ({ tenant_id: job.tenantId, id: job.jobId })),
        },
      ],
    });
    expect(renewal.lost).toEqual([jobs[0].jobId]);
    const grant = await verifyGrant(testKeys().publicKeys, renewal.grants[0].grant);
    expect(grant.jobIds).toEqual([jobs[1].jobId]);
    expect(renewal.expiresAt!.getTime() - Date.now()).toBeGreaterThan(25_000);
  });
});

describe('a withdrawn e-mail', () => {
  it('leaves the queue while it waits', async () => {
    const email = acceptedEmail({ scheduled_at: new Date(Date.now() + 60_000).toISOString() });
    await queue.accept([email]);
    await queue.withdraw([email]);
    await expect(find(email)).resolves.toMatchObject({ status: 'cancelled' });
    expect(await deliveries()).toEqual([]);
  });

  it('is left when it runs: the begin decides', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.lease(1);
    await queue.withdraw([email]);
    await expect(find(email)).resolves.toMatchObject({ status: 'running' });
  });

  it('is either taken out or leased, never both, when the two race', async () => {
    const emails = many(100);
    await queue.accept(emails);
    const withdrawals = emails.map((email) => queue.withdraw([email]));
    const leases = Array.from({ length: 10 }, () => queue.lease(10));
    const leased = (await Promise.all(leases)).flatMap(({ jobs }) => jobs.map((job) => job.jobId));
    await Promise.all(withdrawals);
    const cancelled = await queue.rows<{ id: string }>(
      `SELECT id FROM job_history WHERE status = 'cancelled'`,
    );
    const ids = [...leased, ...cancelled.map((row) => row.id)];
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(100);
  });

  it('does nothing for an e-mail that has no job', async () => {
    await queue.withdraw([acceptedEmail()]);
    expect(await queue.rows('SELECT FROM job_history')).toHaveLength(0);
  });
});

describe('waiting and the database', () => {
  it('asks the database about once a second for ten idle workers', async () => {
    const claims = jest.spyOn(queue.repositories.leases, 'claim');
    await Promise.all(Array.from({ length: 10 }, (_, n) => queue.lease(1, `w-${n}`, 2000)));
    expect(claims.mock.calls.length).toBeLessThanOrEqual(4 + 2);
    claims.mockRestore();
  });
});
