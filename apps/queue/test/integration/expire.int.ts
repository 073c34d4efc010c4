import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { createLogger } from '@penguinmails/observability';
import { DueWork } from '../../src/leader/due-work.js';
import {
  acceptedEmail,
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

/** As if everything that waits had a limit, which was reached a moment ago. */
const overdue = () =>
  queue.admin.query(
    `UPDATE job_queue SET scheduled_at = scheduled_at - interval '1 hour',
       expires_at = now() - interval '1 second'`,
  );
const due = () => queue.db.system.transaction((tx) => queue.repositories.due.look(tx));
const hot = () => queue.rows('SELECT FROM job_queue');

describe('a job that waited too long', () => {
  it('is moved to history, and oltp is told that its mail failed', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await expect(due()).resolves.toMatchObject({ expiries: false });
    await overdue();
    await expect(due()).resolves.toMatchObject({ expiries: true });
    await expect(queue.expireJobs.execute()).resolves.toBe(1);
    await expect(queue.find(email)).resolves.toMatchObject({
      status: 'expired',
      attempts: 0,
      last_error_code: 'expired',
    });
    expect(await queue.deliveries()).toMatchObject([
      {
        email_id: email.data.email_id,
        attempt: 0,
        class: 'failed',
        final: true,
        code: null,
        error_code: 'expired',
      },
    ]);
    expect(await queue.rows('SELECT FROM dead_letters')).toEqual([]);
    await expect(queue.expireJobs.execute()).resolves.toBe(0);
  });

  it('keeps the tries that it had', async () => {
    const email = acceptedEmail();
    await queue.accept([email]);
    await queue.tryOnce({ kind: 'deferred', code: 451, error_code: 'greylisted' });
    await overdue();
    await queue.expireJobs.execute();
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'expired', attempts: 1 });
    await expect(queue.attemptsOf(email)).resolves.toMatchObject([{ outcome: 'deferred' }]);
    expect((await queue.deliveries()).at(-1)).toMatchObject({ attempt: 1, error_code: 'expired' });
  });

  it('has the number of a try that was begun and never reported: oltp takes no lower one', async () => {
    await queue.accept([acceptedEmail()]);
    await queue.lease(1);
    await queue.rescueJobs.execute('replica-1');
    await queue.letLeasesAge(31);
    await queue.rescueJobs.execute('replica-1');
    await overdue();
    await expect(queue.expireJobs.execute()).resolves.toBe(1);
    expect(await queue.deliveries()).toMatchObject([
      { attempt: 1, class: 'failed', final: true, error_code: 'expired' },
    ]);
  });

  it('is nothing to oltp when it is no mail', async () => {
    await queue.db.system.transaction((tx) =>
      queue.enqueueJobs.enqueue(tx, [{ tenantId: newId(), type: 'maintenance', payload: {} }]),
    );
    await overdue();
    await expect(queue.expireJobs.execute()).resolves.toBe(1);
    expect(await queue.rows('SELECT status, outcome FROM job_history')).toEqual([
      { status: 'expired', outcome: 'expired' },
    ]);
    expect(await queue.rows('SELECT FROM outbox')).toEqual([]);
  });

  it('is left alone once it has begun, and by time that is not over', async () => {
    await queue.accept(manyEmails(2));
    const { jobs, leaseToken } = await queue.lease(1);
    await overdue();
    await queue.admin.query(
      `UPDATE job_queue SET expires_at = now() + interval '1 minute' WHERE status = 'pending'`,
    );
    await expect(queue.expireJobs.execute()).resolves.toBe(0);
    const answer = await queue.finishJobs.execute([resultOf(jobs[0], leaseToken)]);
    expect(answer.accepted).toEqual([jobs[0].jobId]);
  });

  it('is left to the transaction that is just claiming it', async () => {
    await queue.accept([acceptedEmail()]);
    await overdue();
    await queue.db.system.transaction(async (tx) => {
      await tx.query('SELECT FROM job_queue FOR UPDATE');
      await expect(queue.expireJobs.execute()).resolves.toBe(0);
    });
    await expect(queue.expireJobs.execute()).resolves.toBe(1);
  });

  it('expires behind a pause too; what has no limit outlasts it', async () => {
    const tenantId = newId();
    await queue.accept([acceptedEmail({}, tenantId)]);
    await queue.db.system.transaction((tx) =>
      queue.enqueueJobs.enqueue(tx, [{ tenantId, type: 'maintenance', payload: {} }]),
    );
    await queue.admin.query('INSERT INTO lane_pauses (tenant_id) VALUES ($1)', [tenantId]);
    await queue.admin.query(
      `UPDATE job_queue SET scheduled_at = scheduled_at - interval '1 year',
         expires_at = expires_at - interval '1 year'`,
    );
    await expect(queue.expireJobs.execute()).resolves.toBe(1);
    expect(await queue.rows('SELECT job_type FROM job_queue')).toEqual([
      { job_type: 'send_email' },
    ]);
  });

  it('waits for the next leader once its own has to go', async () => {
    await queue.accept(manyEmails(501));
    await overdue();
    const leader = new DueWork(
      queue.expireJobs,
      queue.runSchedules,
      createLogger('queue', { level: 'silent' }),
    );
    leader.start({ expiries: true, schedules: false });
    await leader.onModuleDestroy();
    expect(await hot()).toHaveLength(1);
    await expect(queue.expireJobs.execute()).resolves.toBe(1);
  });

  it('does not expire alone: all of them do, in batches, once, however many replicas look', async () => {
    await queue.accept(manyEmails(1_200));
    await overdue();
    const rounds = await Promise.all([1, 2, 3].map(() => queue.expireJobs.execute()));
    const rest = await queue.expireJobs.execute();
    expect(rounds.reduce((sum, some) => sum + some, rest)).toBe(1_200);
    expect(await hot()).toEqual([]);
    expect(await queue.deliveries()).toHaveLength(1_200);
  });
});
