import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import { type QueueService, startQueueService } from './queue-service.js';

let queue: QueueService;
beforeAll(async () => {
  queue = await startQueueService();
}, 120_000);
afterAll(() => queue.stop());

const asWorker = (path: string, body: unknown) =>
  queue.request(queue.workerToken, 'POST', path, body);
const time = () => new Date().toISOString();
const finish = (job: { id: string; tenant_id: string }, lease_token: string, kind: string) => {
  const nothing = { code: null, enhanced_code: null, error_code: null, reply: null };
  const key = { tenant_id: job.tenant_id, job_id: job.id, lease_token };
  const result = { ...key, kind, ...nothing, started_at: time(), finished_at: time() };
  return asWorker('/internal/leases:finish', { worker_id: 'worker-1', results: [result] });
};

describe('a job that is no mail', () => {
  const leaseOne = async () => {
    const request = { worker_id: 'worker-1', types: ['maintenance'], max: 1, wait_ms: 2_000 };
    const { body } = await asWorker('/internal/leases', request);
    const [job] = body.jobs ?? [];
    return job ? { job, lease_token: body.lease_token } : false;
  };
  const setDue = () => queue.admin.query('UPDATE schedules SET next_run_at = now()');

  it('is started by its schedule, tells how far it is, is cancelled and ends', async () => {
    await setDue();
    const { job, lease_token } = await eventually(leaseOne);
    expect(job).toMatchObject({ tenant_id: PLATFORM_TENANT_ID, type: 'maintenance', payload: {} });
    const key = { tenant_id: job.tenant_id, job_id: job.id, lease_token };
    const progress = { done: 1, total: null, failed: 0 };
    const told = () => asWorker('/internal/leases:progress', { ...key, progress });
    await expect(told()).resolves.toMatchObject({
      status: 200,
      body: { held: true, cancelled: false },
    });
    await queue.admin.query('UPDATE job_queue SET cancel_requested_at = now() WHERE id = $1', [
      job.id,
    ]);
    const leases = [{ lease_token, jobs: [{ tenant_id: job.tenant_id, id: job.id }] }];
    const beat = await asWorker('/internal/leases:heartbeat', { worker_id: 'worker-1', leases });
    expect(beat.body).toMatchObject({ lost: [], cancelled: [job.id] });
    await finish(job, lease_token, 'cancelled');
    const { rows } = await queue.admin.query(
      'SELECT status, progress FROM job_history WHERE id = $1',
      [job.id],
    );
    expect(rows).toEqual([{ status: 'cancelled', progress }]);
  });

  it('has the queue tidied up, in pieces', async () => {
    const tidy = (body: object) => asWorker('/internal/maintenance:run', body);
    await expect(tidy({ task: 'dedupe_keys', limit: 10 })).resolves.toMatchObject({
      status: 200,
      body: { done: 0, more: false },
    });
    await expect(tidy({ task: 'vacuum_watch', limit: 1 })).resolves.toMatchObject({ status: 200 });
    await expect(tidy({ task: 'everything', limit: 10 })).resolves.toMatchObject({ status: 422 });
    await expect(tidy({ task: 'dedupe_keys', limit: 5_001 })).resolves.toMatchObject({
      status: 422,
    });
  });

  it.each(['/internal/maintenance:run', '/internal/leases:progress'])(
    'is the worker’s alone: %s',
    async (path) => {
      const refused = await queue.request(queue.gatewayToken, 'POST', path, {});
      expect(refused.status).toBe(403);
    },
  );

  it('expires by itself when it was not begun in time', async () => {
    const { rows } = await queue.admin.query(
      `INSERT INTO job_queue (tenant_id, job_type, payload, scheduled_at, expires_at)
       VALUES ($1, 'dead_letters_redrive', '{}', now() + interval '1 hour', now()) RETURNING id`,
      [newId()],
    );
    await eventually(async () => {
      const ended = await queue.admin.query('SELECT status FROM job_history WHERE id = $1', [
        rows[0].id,
      ]);
      expect(ended.rows).toEqual([{ status: 'expired' }]);
    });
  });
});
