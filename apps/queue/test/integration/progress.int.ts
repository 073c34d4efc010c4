import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import { type QueueEngine, resultOf, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const TENANT = newId();
const half = { done: 5, total: 10, failed: 1 };

/** A running job that is no mail. */
async function running() {
  await queue.db.system.transaction((tx) =>
    queue.enqueueJobs.enqueue(tx, [{ tenantId: TENANT, type: 'maintenance', payload: {} }]),
  );
  const { jobs, leaseToken } = await queue.leaseJobs.execute(
    { worker_id: 'worker-1', types: ['maintenance'], max: 1, wait_ms: 0 },
    new AbortController().signal,
  );
  return { job: jobs[0], leaseToken };
}
const record = (job: { tenantId: string; jobId: string }, lease_token: string, progress = half) =>
  queue.recordProgress.execute({
    tenant_id: job.tenantId,
    job_id: job.jobId,
    lease_token,
    progress,
  });
const beat = (job: { tenantId: string; jobId: string }, lease_token: string) =>
  queue.renewLeases.execute({
    worker_id: 'worker-1',
    leases: [{ lease_token, jobs: [{ tenant_id: job.tenantId, id: job.jobId }] }],
  });
const askToCancel = () => queue.admin.query('UPDATE job_queue SET cancel_requested_at = now()');

describe('the progress of a running job', () => {
  it('is seen while it runs and kept when it has ended', async () => {
    const { job, leaseToken } = await running();
    await expect(record(job, leaseToken)).resolves.toEqual({ held: true, cancelled: false });
    const seen = () => queue.getJob.execute(TENANT, job.jobId);
    await expect(seen()).resolves.toMatchObject({ status: 'running', progress: half });
    await queue.finishJobs.execute([resultOf(job, leaseToken, { kind: 'succeeded', code: null })]);
    await expect(seen()).resolves.toMatchObject({ status: 'completed', progress: half });
  });

  it.each([
    ['under another token', (job: { tenantId: string }) => [job, newId()] as const],
    ['for another tenant', (job: object, token: string) => [{ ...job, tenantId: newId() }, token]],
  ])('is refused %s', async (_what, as) => {
    const { job, leaseToken } = await running();
    const [other, token] = as(job, leaseToken) as [typeof job, string];
    await expect(record(other, token)).resolves.toEqual({ held: false, cancelled: false });
    expect(await queue.rows('SELECT progress FROM job_queue')).toEqual([{ progress: null }]);
  });

  it('is written in place: no index grows with it', async () => {
    const { job, leaseToken } = await running();
    const request = { tenant_id: TENANT, job_id: job.jobId, lease_token: leaseToken };
    await queue.db.system.transaction(async (tx) => {
      const before = await updates(tx);
      for (let done = 0; done < 20; done += 1)
        await queue.repositories.progress.record(tx, { ...request, progress: { ...half, done } });
      const after = await updates(tx);
      expect([after.all - before.all, after.hot - before.hot]).toEqual([20, 20]);
    });
  });
});

/** Updates of job_queue that this session has counted and not yet handed on. */
async function updates(tx: SystemTransaction): Promise<{ all: number; hot: number }> {
  const { rows } = await tx.query<{ all: number; hot: number }>(
    `SELECT n_tup_upd::int AS "all", n_tup_hot_upd::int AS hot
     FROM pg_stat_xact_user_tables WHERE relname = 'job_queue'`,
  );
  return rows[0];
}

describe('a running job that somebody asks to cancel', () => {
  it('is told by heartbeat and by progress, and goes on holding its lease', async () => {
    const { job, leaseToken } = await running();
    await expect(beat(job, leaseToken)).resolves.toMatchObject({ lost: [], cancelled: [] });
    await askToCancel();
    await expect(beat(job, leaseToken)).resolves.toMatchObject({
      lost: [],
      cancelled: [job.jobId],
    });
    await expect(record(job, leaseToken)).resolves.toEqual({ held: true, cancelled: true });
  });

  it('ends as cancelled, without a word to oltp, when its worker says so', async () => {
    const { job, leaseToken } = await running();
    await askToCancel();
    const result = resultOf(job, leaseToken, { kind: 'cancelled', code: null });
    await expect(queue.finishJobs.execute([result])).resolves.toMatchObject({ refused: [] });
    expect(await queue.rows('SELECT status, outcome, attempts FROM job_history')).toEqual([
      { status: 'cancelled', outcome: 'cancelled', attempts: 0 },
    ]);
    expect(await queue.rows('SELECT FROM outbox')).toEqual([]);
  });

  it.each(['deferred', 'returned', 'snoozed'] as const)(
    'is not begun again when its worker did not hear of it: %s',
    async (kind) => {
      const { job, leaseToken } = await running();
      await askToCancel();
      await queue.finishJobs.execute([resultOf(job, leaseToken, { kind, code: null })]);
      expect(await queue.rows('SELECT FROM job_queue')).toEqual([]);
      expect(await queue.rows('SELECT status FROM job_history')).toEqual([{ status: 'cancelled' }]);
    },
  );

  it('is not begun again when its worker died', async () => {
    await running();
    await askToCancel();
    await queue.rescueJobs.execute('replica-1');
    await queue.letLeasesAge(31);
    await queue.rescueJobs.execute('replica-1');
    expect(await queue.rows('SELECT FROM job_queue')).toEqual([]);
    expect(await queue.rows('SELECT status, lease_losses FROM job_history')).toEqual([
      { status: 'cancelled', lease_losses: 1 },
    ]);
  });
});

describe('a job that snoozes', () => {
  it('is scheduled again without a try, and its tries show nothing', async () => {
    const { job, leaseToken } = await running();
    const result = { kind: 'snoozed', code: null, retry_after_ms: 60_000 } as const;
    await queue.finishJobs.execute([resultOf(job, leaseToken, result)]);
    await expect(queue.getJob.execute(TENANT, job.jobId)).resolves.toMatchObject({
      status: 'scheduled',
      attempts: 0,
    });
    await expect(queue.listAttempts.execute(TENANT, job.jobId)).resolves.toEqual([]);
  });
});
