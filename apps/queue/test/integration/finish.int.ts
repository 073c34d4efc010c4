import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { verifyGrant } from '@penguinmails/http';
import { eventually, testKeys } from '@penguinmails/testing';
import {
  acceptedEmail,
  type EmailAccepted,
  manyEmails,
  type QueueEngine,
  resultOf,
  startQueueEngine,
} from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const DEFERRED = { kind: 'deferred', code: 451, enhanced_code: '4.7.1' } as const;
describe('finishing', () => {
  it('moves a delivered job to history with its try, and tells oltp', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await expect(queue.tryOnce({ reply: '250 OK for ann@example.com' })).resolves.toEqual({
      accepted: [email.data.email_id],
      refused: [],
    });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'completed', attempts: 1 });
    await expect(queue.attemptsOf(email)).resolves.toEqual([
      expect.objectContaining({
        attempt: 1,
        outcome: 'delivered',
        code: 250,
        reply: '250 OK for <address>',
      }),
    ]);
    expect(await queue.deliveries()).toEqual([
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

  it('holds a job back that is returned again and again, and gives it out at once the first time', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    for (let times = 0; times < 3; times += 1) {
      await queue.makeDue();
      const { least, most } = await queue.delayBy(() => queue.tryOnce({ kind: 'returned' }));
      expect(await queue.rows('SELECT returns FROM job_queue')).toEqual([{ returns: times + 1 }]);
      expect(least).toBeLessThanOrEqual(times);
      if (times > 0) expect(most).toBeGreaterThanOrEqual(times);
    }
    await queue.makeDue();
    await queue.tryOnce(DEFERRED);
    expect(await queue.rows('SELECT returns FROM job_queue')).toEqual([{ returns: 0 }]);
  });

  it('gives a returned job out no sooner than its worker asks', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const busy = { kind: 'returned', error_code: 'server_busy', retry_after_ms: 60_000 } as const;
    const { least, most } = await queue.delayBy(() => queue.tryOnce(busy));
    expect(least).toBeLessThanOrEqual(60);
    expect(most).toBeGreaterThanOrEqual(60);
    await expect(queue.lease(10)).resolves.toMatchObject({ jobs: [] });
  });

  it('completes a bounced job: it was answered', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'bounced', code: 550, enhanced_code: '5.1.1' });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'completed' });
    expect(await queue.deliveries()).toMatchObject([{ class: 'bounced', final: true, code: 550 }]);
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(0);
  });

  it('retries a deferred job by the schedule, by the clock of the database', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    for (const [attempt, wait] of [60, 300, 900].entries()) {
      const { least, most } = await queue.delayBy(() =>
        queue.tryOnce({ ...DEFERRED, error_code: 'greylisted' }),
      );
      expect(most).toBeGreaterThanOrEqual(wait * 0.85);
      expect(least).toBeLessThanOrEqual(wait * 1.15);
      await expect(queue.find(email)).resolves.toMatchObject({
        status: 'scheduled',
        attempts: attempt + 1,
        last_error_code: 'greylisted',
      });
      expect((await queue.lease(1)).jobs).toHaveLength(0);
      await queue.makeDue();
    }
    expect(await queue.deliveries()).toMatchObject(
      [1, 2, 3].map((attempt) => ({ attempt, final: false })),
    );
  });

  it('buries a job whose tries are used up, with all of them', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.admin.query('UPDATE job_queue SET max_attempts = 2');
    await queue.tryOnce(DEFERRED);
    await queue.makeDue();
    await queue.tryOnce({ ...DEFERRED, reply: '451 busy, ask postmaster@example.com' });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'dead', attempts: 2 });
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
    expect((await queue.deliveries()).at(-1)).toMatchObject({
      class: 'failed',
      final: true,
      code: 451,
      error_code: 'attempts_exhausted',
    });
    expect(await queue.published('system.event_raised.v1')).toHaveLength(1);
  });

  it('buries a permanent failure at once and raises one event for many', async () => {
    const tenant = newId();
    await queue.accept(manyEmails(5, tenant));
    await queue.tryOnce({
      kind: 'failed',
      code: null,
      enhanced_code: null,
      error_code: 'content_missing',
    });
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(5);
    const raised = await queue.published('system.event_raised.v1');
    expect(raised.map(({ data }) => data)).toMatchObject([
      { event_type: 'job_dead_lettered', tenant_id: tenant, code: 'content_missing', count: 5 },
    ]);
  });

  it('tries an unknown outcome once more, then buries it as unknown', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    const unknown = { kind: 'unknown', code: null, enhanced_code: null } as const;
    await queue.tryOnce(unknown);
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'scheduled', attempts: 1 });
    await queue.makeDue();
    await queue.tryOnce(unknown);
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'dead' });
    expect(await queue.deliveries()).toMatchObject([
      { class: 'unknown', final: false, error_code: 'outcome_unknown' },
      { class: 'unknown', final: true, error_code: 'outcome_unknown' },
    ]);
  });

  it('does not try an unknown outcome again where the mailbox parks it', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({
      kind: 'unknown',
      code: null,
      enhanced_code: null,
      unknown_policy: 'park',
    });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'dead', attempts: 1 });
  });

  it('gives an unstarted job back at once and counts nothing', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'returned', code: null, enhanced_code: null });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'ready', attempts: 0 });
    expect(await queue.deliveries()).toEqual([]);
    await expect(queue.attemptsOf(email)).resolves.toEqual([]);
    expect((await queue.lease(1)).jobs).toMatchObject([{ attempt: 1 }]);
  });

  it('ends a job that oltp refused to begin, without a try', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'cancelled', code: null, enhanced_code: null });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'cancelled', attempts: 0 });
    expect(await queue.deliveries()).toMatchObject([
      { class: 'cancelled', final: true, attempt: 0 },
    ]);
  });

  it('writes one event per tenant and bucket with at most 350 items, each under its key', async () => {
    const tenants = [newId(), newId()];
    const bucket = (email: EmailAccepted) => Number.parseInt(email.data.email_id.slice(-1), 16) & 7;
    const emails = tenants.flatMap((tenant) => manyEmails(240, tenant));
    const oneBucket = manyEmails(4000, tenants[0])
      .filter((email) => bucket(email) === 3)
      .slice(0, 400);
    await queue.accept([...emails, ...oneBucket]);
    await queue.tryOnce();
    await queue.tryOnce();
    const events = await queue.published('delivery.recorded.v1');
    const counted = events.map(({ tenant_id, key, data: { items } }) => {
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
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'running', attempts: 0 });
    expect(await queue.deliveries()).toEqual([]);

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
    expect(await queue.deliveries()).toHaveLength(1);
  });

  it('answers what a heartbeat still holds with new grants, and names what is lost', async () => {
    await queue.accept(manyEmails(2));
    // Room for more than these: lanes that earlier tests have left may take part in the shares of a claim.
    const { jobs, leaseToken } = await queue.lease(100);
    expect(jobs).toHaveLength(2);
    await queue.finishJobs.execute([resultOf(jobs[0], leaseToken, { kind: 'returned' })]);
    await queue.letLeasesAge(20);
    const asked = Date.now();
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
    const { tenantId, jobId } = jobs[1];
    expect(grant).toMatchObject({ tenants: [{ tenantId, jobIds: [jobId] }], leaseToken });
    expect(renewal.grants).toMatchObject([{ lease_token: leaseToken }]);
    expect(renewal.expiresAt!.getTime() - asked).toBeGreaterThan(25_000);
  });

  it('finishes or buries jobs whose type was removed while they ran, beside the others', async () => {
    await queue.accept(manyEmails(7));
    const { jobs, leaseToken } = await queue.lease(500);
    expect(jobs).toHaveLength(7);
    const removed = jobs.slice(0, 6).map(({ jobId }) => jobId);
    await queue.rows("UPDATE job_queue SET job_type = 'mine_coins' WHERE id = ANY($1)", [removed]);
    const kinds = ['succeeded', 'deferred', 'unknown', 'failed', 'delivered', 'returned'] as const;
    const results = [...kinds, 'delivered' as const].map((kind, at) =>
      resultOf(jobs[at], leaseToken, { kind, unknown_policy: 'retry_once' }),
    );
    const { accepted, refused } = await queue.finishJobs.execute(results);
    expect([accepted.length, refused]).toEqual([7, []]);
    const ends = await queue.rows<{ id: string; type: string; end: string }>(
      `SELECT id, job_type AS type, status || ' ' || outcome AS end FROM job_history
       UNION ALL SELECT id, job_type, status FROM job_queue`,
    );
    const endOf = new Map(ends.map(({ id, ...end }) => [id, end]));
    expect(jobs.map(({ jobId }) => endOf.get(jobId))).toEqual([
      { type: 'mine_coins', end: 'completed succeeded' },
      { type: 'mine_coins', end: 'dead deferred' },
      { type: 'mine_coins', end: 'dead unknown' },
      { type: 'mine_coins', end: 'dead failed' },
      { type: 'mine_coins', end: 'dead unknown' },
      { type: 'mine_coins', end: 'pending' },
      { type: 'send_email', end: 'completed delivered' },
    ]);
    expect(await queue.deliveries()).toMatchObject([{ email_id: jobs[6].jobId }]);
  });

  it('locks the rows of a mixed batch in one order, as a heartbeat over them does', async () => {
    await queue.accept(manyEmails(2));
    const { jobs, leaseToken } = await queue.lease(100);
    const [first, second] = [...jobs].sort((a, b) => (a.jobId < b.jobId ? -1 : 1));
    const heartbeat = await queue.admin.connect();
    const row = 'SELECT FROM job_queue WHERE id = $1 FOR UPDATE NOWAIT';
    await heartbeat.query('BEGIN');
    await heartbeat.query(row, [first.jobId]);
    const finished = queue.finishJobs.execute([
      resultOf(first, leaseToken, DEFERRED),
      resultOf(second, leaseToken),
    ]);
    await eventually(async () => {
      const waiting = await queue.rows(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
      );
      expect(waiting).toHaveLength(1);
    });
    const both = await Promise.allSettled([heartbeat.query(row, [second.jobId])]);
    await heartbeat.query('ROLLBACK');
    heartbeat.release();
    expect(both).toMatchObject([{ status: 'fulfilled' }]);
    expect((await finished).accepted).toHaveLength(2);
  });
});
