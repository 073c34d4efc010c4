import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newEmailId, newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import { awayFromMidnight, catalogSuite, tenantIsolationSuite } from '@penguinmails/testing';
import { bornAfter } from '../../src/job/born-after.js';
import { JobRepository } from '../../src/job/job.repository.js';
import {
  acceptedEmail,
  type EmailAccepted,
  type QueueEngine,
  resultOf,
  startQueueEngine,
} from './queue-engine.js';

const CHECK_VIOLATION = '23514';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

catalogSuite('queue', () => queue.database, {
  platformTables: ['job_types', 'queue_controls', 'queue_clock', 'horizon_marks'],
});
tenantIsolationSuite('queue');

const inSystem = <T>(work: (tx: SystemTransaction) => Promise<T>) =>
  queue.db.system.transaction(work);

describe('a row of the seed', () => {
  const insert = (columns: string, values: string) =>
    queue.db.tenants.transaction(newId(), (tx) =>
      tx.query(`INSERT INTO job_queue (${columns}) VALUES (${values}) RETURNING *`),
    );

  it('is valid with nothing but the columns of the seed, and gets its defaults', async () => {
    const { rows } = await insert(
      'job_type, payload, scheduled_at',
      `'track_email_sent', '{"email_id": "x"}', now()`,
    );
    expect(rows).toMatchObject([
      { priority: 0, status: 'pending', attempts: 0, max_attempts: 3, started_at: null },
    ]);
  });

  it.each([
    ['an unknown status', 'status', `'completed'`],
    ['running without a lease', 'status', `'running'`],
    ['a lease without running', 'lease_token', 'gen_random_uuid()'],
    ['finished but still hot', 'completed_at', 'now()'],
    ['no tries left', 'attempts', '3'],
    ['tries below zero', 'attempts', '-1'],
    ['lost leases below zero', 'lease_losses', '-1'],
    ['more unknown outcomes than tries', 'unknown_outcomes', '1'],
  ])('is refused when it contradicts itself: %s', async (_what, column, value) => {
    await expect(
      insert(`job_type, payload, ${column}`, `'send_email', '{}', ${value}`),
    ).rejects.toMatchObject({ code: CHECK_VIOLATION });
  });
});

describe('a pair of tenant and id that does not exist', () => {
  /** A leased job, its result, and the same with another tenant. */
  async function leased() {
    await queue.accept([acceptedEmail()]);
    const { jobs, leaseToken } = await queue.lease(1);
    const mismatched = { ...jobs[0], tenantId: newId() };
    return { job: jobs[0], mismatched, leaseToken };
  }
  const snapshot = () => queue.rows('SELECT * FROM job_queue ORDER BY id');

  async function withoutEffect(work: (tx: SystemTransaction) => Promise<unknown>) {
    const before = await snapshot();
    await inSystem(work);
    expect(await snapshot()).toEqual(before);
    expect(await queue.rows('SELECT FROM job_history')).toHaveLength(0);
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(0);
  }

  it('is not locked for finishing', async () => {
    const { mismatched, leaseToken } = await leased();
    const lock = (tx: SystemTransaction) =>
      queue.repositories.finish.lockHeld(tx, [resultOf(mismatched, leaseToken)]);
    await expect(inSystem(lock)).resolves.toEqual([]);
  });

  it('is not finished by its token', async () => {
    const { mismatched, leaseToken } = await leased();
    const answer = await queue.finishJobs.execute([resultOf(mismatched, leaseToken)]);
    expect(answer).toEqual({ accepted: [], refused: [mismatched.jobId] });
    expect(await queue.rows('SELECT FROM job_attempts')).toHaveLength(0);
  });

  it('is not ended', async () => {
    const { mismatched } = await leased();
    await withoutEffect((tx) =>
      queue.repositories.endings.end(tx, [
        {
          tenantId: mismatched.tenantId,
          jobId: mismatched.jobId,
          status: 'dead',
          outcome: 'failed',
          attempts: 1,
          leaseLosses: 0,
          errorCode: 'x',
          errorMessage: null,
        },
      ]),
    );
  });

  it('is not released', async () => {
    const { mismatched } = await leased();
    await withoutEffect((tx) =>
      queue.repositories.finish.release(tx, [
        {
          tenantId: mismatched.tenantId,
          jobId: mismatched.jobId,
          attempts: 1,
          unknownOutcomes: 0,
          delaySeconds: 1,
          returns: 0,
          errorCode: null,
          errorMessage: null,
        },
      ]),
    );
  });

  it('is not renewed, given back or rescued', async () => {
    const { mismatched, leaseToken } = await leased();
    const { leases, rescue } = queue.repositories;
    await withoutEffect(async (tx) => {
      const renewed = await leases.renew(tx, [{ ...mismatched, leaseToken }], 60_000);
      expect(renewed).toEqual([]);
      await leases.giveBack(tx, [mismatched], leaseToken);
      await rescue.loseLeases(tx, [mismatched]);
    });
  });

  it('is not renewed or given back under a token that is not its own', async () => {
    const { job } = await leased();
    const { leases } = queue.repositories;
    await withoutEffect(async (tx) => {
      await leases.renew(tx, [{ ...job, leaseToken: newId() }], 60_000);
      await leases.giveBack(tx, [job], newId());
    });
  });

  it('is not withdrawn', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.withdraw([{ ...email, tenantId: newId() }]);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(1);
  });

  it('does not hide a new job behind the finished one of another tenant', async () => {
    const { job, leaseToken } = await leased();
    await queue.finishJobs.execute([resultOf(job, leaseToken)]);
    await queue.accept([acceptedEmail({ email_id: job.jobId })]);
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(1);
  });
});

describe('one id in two tenants', () => {
  it('is two jobs: finishing one leaves the other', async () => {
    const id = newEmailId();
    const [mine, theirs] = [acceptedEmail({ email_id: id }), acceptedEmail({ email_id: id })];
    await queue.accept([mine, theirs]);
    const { jobs, leaseToken } = await queue.lease(100);
    const own = jobs.find((job) => job.tenantId === mine.tenantId)!;
    await queue.finishJobs.execute([resultOf(own, leaseToken)]);
    const statusOf = async (email: EmailAccepted) =>
      (await queue.getJob.execute(email.tenantId, id)).status;
    expect([await statusOf(mine), await statusOf(theirs)]).toEqual(['completed', 'running']);
  });
});

describe('what a tenant reads', () => {
  it('is nothing of another tenant: not the job, hot or finished, and not its tries', async () => {
    const email = acceptedEmail();
    const other = newId();
    await queue.accept([email]);
    const read = () => queue.getJob.execute(other, email.data.email_id);
    await expect(read()).rejects.toMatchObject({ status: 404 });
    const { jobs, leaseToken } = await queue.lease(1);
    await queue.finishJobs.execute([resultOf(jobs[0], leaseToken)]);
    await expect(read()).rejects.toMatchObject({ status: 404 });
    await expect(queue.listAttempts.execute(other, email.data.email_id)).resolves.toEqual([]);
  });

  it('is looked for in the partitions only that can hold the job', async () => {
    await awayFromMidnight();
    const id = newEmailId();
    const plan = await queue.db.tenants.transaction(newId(), async (tx) => {
      const asked: [string, readonly unknown[]][] = [];
      const spy = {
        ...tx,
        query: async (text: string, values: readonly unknown[] = []) => {
          asked.push([text, values]);
          return { rows: [], rowCount: 0 };
        },
      };
      await new JobRepository().find(spy as typeof tx, id, bornAfter([id]));
      const [[text, values]] = asked;
      const explained = await tx.query<{ 'QUERY PLAN': string }>(
        `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${text}`,
        values,
      );
      return explained.rows.map((row) => row['QUERY PLAN']).join('\n');
    });
    const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    expect(plan).toContain(`job_history_completed_p${today}`);
    if (new Date().getUTCHours() > 1)
      expect(plan).not.toContain(`_p${yesterday.replaceAll('-', '')}`);
  }, 120_000);
});
