import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { verifyGrant } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';
import {
  acceptedEmail,
  manyEmails,
  type QueueEngine,
  startQueueEngine,
  lookAgain,
  TYPES,
} from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

describe('an accepted e-mail', () => {
  it('becomes one ready job with the id of the e-mail', async () => {
    const email = acceptedEmail({ priority: 7 });
    await queue.accept([email]);
    await expect(queue.find(email)).resolves.toMatchObject({
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
    await expect(queue.find(later)).resolves.toMatchObject({ status: 'scheduled' });
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
    await queue.tryOnce();
    await queue.accept([email]);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(0);
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'completed' });
  });

  it('takes one statement for a slice of many tenants', async () => {
    const emails = Array.from({ length: 500 }, () => acceptedEmail());
    await queue.accept(emails);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(500);
  });
});

const READY = "SELECT FROM job_queue WHERE status = 'pending' LIMIT 1";

describe('a lease', () => {
  it('goes by priority, then time, then id', async () => {
    const past = Date.now() - 60_000;
    const at = (ms: number) => new Date(past + ms).toISOString();
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

  it('carries one grant: the jobs, contents and mailboxes of each tenant, until the lease ends', async () => {
    const [a, b] = [newId(), newId()];
    const emails = [acceptedEmail({}, a), acceptedEmail({}, a), acceptedEmail({}, b)];
    await queue.accept(emails);
    const { grants, leaseToken, expiresAt } = await queue.lease(10);
    expect(grants).toEqual([{ lease_token: leaseToken, grant: expect.any(String) }]);
    const grant = await verifyGrant(testKeys().publicKeys, grants[0].grant, 'content');
    const sorted = (texts: readonly string[]) => [...texts].sort();
    expect(grant.tenants).toHaveLength(2);
    for (const [tenantId, own] of Map.groupBy(emails, (email) => email.tenantId)) {
      const part = grant.tenants.find((one) => one.tenantId === tenantId)!;
      expect(sorted(part.jobIds)).toEqual(sorted(own.map(({ data }) => data.email_id)));
      expect(sorted(part.contentKeys)).toEqual(sorted(own.map(({ data }) => data.storage_key)));
      expect(sorted(part.mailboxIds)).toEqual(sorted(own.map(({ data }) => data.mailbox_id)));
    }
    expect(grant.leaseToken).toBe(leaseToken);
    expect(Math.abs(grant.expiresAt.getTime() - expiresAt!.getTime())).toBeLessThan(1000);
  });

  it('lasts 26 s by the clock of the database', async () => {
    await queue.accept([acceptedEmail()]);
    await queue.lease(1);
    const [{ lasts }] = await queue.rows<{ lasts: number }>(
      'SELECT extract(epoch FROM lease_expires_at - started_at)::float8 AS lasts FROM job_queue',
    );
    expect(lasts).toBe(26);
  });

  it('never gives one job to two of many claimers at the same time', async () => {
    await queue.accept(manyEmails(500));
    await queue.accept(manyEmails(500));
    const claimers = Array.from({ length: 16 }, (_, n) => drain(`worker-${n}`));
    const taken = (await Promise.all(claimers)).flat();
    expect(taken).toHaveLength(1000);
    expect(new Set(taken).size).toBe(1000);
  });

  async function drain(worker: string): Promise<string[]> {
    const { claims } = queue.anotherReplica();
    const ids: string[] = [];
    const claimer = { leaseToken: newId(), leaseMs: 30_000, workerId: worker };
    const isEmpty = async () => (await queue.rows(READY)).length === 0;
    for (;;) {
      const jobs = await claims.execute(TYPES, 7, claimer);
      ids.push(...jobs.map((job) => job.jobId));
      if (jobs.length === 0 && (await isEmpty())) return ids;
    }
  }

  it('leaves out a type that is paused, and gives it again afterwards', async () => {
    await queue.accept([acceptedEmail()]);
    await queue.admin.query(
      `INSERT INTO queue_controls (job_type, paused) VALUES ('send_email', true)`,
    );
    expect((await queue.lease(1)).jobs).toHaveLength(0);
    await queue.admin.query('UPDATE queue_controls SET paused = false');
    await lookAgain(queue);
    expect((await queue.lease(1)).jobs).toHaveLength(1);
  });

  it('is answered as soon as an enqueue has committed', async () => {
    const waiting = queue.lease(1, 'worker-1', 45_000);
    await queue.accept([acceptedEmail()]);
    expect((await waiting).jobs).toHaveLength(1);
  });

  it('finds what another replica enqueued, by its poll', async () => {
    const waiting = queue.lease(1, 'worker-1', 45_000);
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

describe('a withdrawn e-mail', () => {
  it('leaves the queue while it waits', async () => {
    const email = acceptedEmail({ scheduled_at: new Date(Date.now() + 60_000).toISOString() });
    await queue.accept([email]);
    await queue.withdraw([email]);
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'cancelled' });
    expect(await queue.deliveries()).toEqual([]);
  });

  it('is left when it runs: the begin decides', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.lease(1);
    await queue.withdraw([email]);
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'running' });
  });

  it('is either taken out or leased, never both, when the two race', async () => {
    const emails = manyEmails(100);
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
    const { once, transaction } = queue.db.system;
    const statements = [
      jest.spyOn(queue.db.system, 'once').mockImplementation(once),
      jest.spyOn(queue.db.system, 'transaction').mockImplementation(transaction),
    ];
    await Promise.all(Array.from({ length: 10 }, (_, n) => queue.lease(1, `w-${n}`, 2000)));
    const asked = statements.flatMap((spy) => spy.mock.calls).length;
    statements.forEach((spy) => spy.mockRestore());
    expect(asked).toBeLessThanOrEqual(4);
  });
});

describe('a row of plain SQL with a payload that no grant can name', () => {
  /** Beside a good job of the same tenant, and before it. */
  async function insertBeside({ tenantId }: { tenantId: string }, payload: unknown) {
    await queue.rows(
      `INSERT INTO job_queue (tenant_id, job_type, payload, priority)
       VALUES ($1, 'send_email', $2, 9)`,
      [tenantId, JSON.stringify(payload)],
    );
    await lookAgain(queue);
  }

  it.each([
    [null],
    ['text'],
    [{ storage_key: 5 }],
    [{ mailbox_id: ['x'] }],
    [{ storage_key: 'k'.repeat(500) }],
    [{ mailbox_id: 'm'.repeat(200) }],
  ])('is buried at once, and its neighbours are handed out (%#)', async (payload) => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await insertBeside(email, payload);
    const { jobs, grants } = await queue.lease(10);
    expect(jobs.map(({ jobId }) => jobId)).toEqual([email.data.email_id]);
    const granted = await verifyGrant(testKeys().publicKeys, grants[0].grant);
    expect(granted.tenants).toMatchObject([{ jobIds: [email.data.email_id] }]);
    expect(await queue.rows('SELECT error_code, attempts, payload FROM dead_letters')).toEqual([
      { error_code: 'payload_invalid', attempts: 1, payload },
    ]);
  });

  it('may leave out what only mail has, or say that there is none', async () => {
    const tenant = { tenantId: newId() };
    await insertBeside(tenant, {});
    await insertBeside(tenant, { storage_key: null, mailbox_id: null });
    const { jobs, grants } = await queue.lease(10);
    expect(jobs).toHaveLength(2);
    const granted = await verifyGrant(testKeys().publicKeys, grants[0].grant);
    expect(granted.tenants).toMatchObject([{ contentKeys: [], mailboxIds: [] }]);
  });
});
