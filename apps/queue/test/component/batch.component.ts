import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { SystemDatabase } from '@penguinmails/database';
import { verifyGrant } from '@penguinmails/http';
import { eventually, testKeys } from '@penguinmails/testing';
import { EnqueueBatches } from '../../src/batch/enqueue-batches.js';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { SealGroup } from '../../src/group/seal-group.js';
import { BATCH_TYPES, newBatch, times } from '../integration/batch-engine.js';
import { type QueueService, startQueueService } from './queue-service.js';

let queue: QueueService;
beforeAll(async () => {
  queue = await startQueueService({ batchTypes: BATCH_TYPES });
}, 120_000);
afterAll(() => queue.stop());

const asWorker = (path: string, body: object) =>
  queue.request(queue.workerToken, 'POST', `/internal/batch-leases${path}`, {
    worker_id: 'worker-1',
    ...body,
  });
const lease = (more: object = {}) =>
  asWorker('', { types: ['send_wave'], max: 10, wait_ms: 2000, ...more });
const enqueue = (batch: NewBatch) =>
  queue.app
    .get(SystemDatabase)
    .transaction((tx) => queue.app.get(EnqueueBatches).enqueue(tx, [batch]));
const report = (batch: NewBatch, leaseToken: string, more: object = {}) => ({
  reports: [
    {
      ...{ tenant_id: batch.tenantId, batch_id: batch.batchId, lease_token: leaseToken },
      ...{ from: 0, outcomes: times(batch.n), details: [] },
      ...more,
    },
  ],
});

/** Asks until there is something; an answer without is never given before the time is over. */
async function waited() {
  for (let round = 0; round < 20; round += 1) {
    const asked = performance.now();
    const { body } = await lease();
    if (body.batches?.length !== 0) return body;
    expect(performance.now() - asked).toBeGreaterThan(1_990);
  }
  throw new Error('no batch in 20 rounds');
}

/** A batch that the worker holds. */
async function leased(more: Partial<NewBatch> = {}) {
  const batch = newBatch(more);
  await enqueue(batch);
  const { status, body } = await lease();
  expect(status).toBe(200);
  return { batch, body, token: body.lease_token };
}

describe('batches over HTTP', () => {
  it('are leased, renewed, reported on in steps and finished; then their group is', async () => {
    const group = { id: newId(), kind: 'campaign' };
    const { batch, body, token } = await leased({ n: 120, group });
    expect(body.checkpoint_every).toBe(50);
    expect(body.batches).toEqual([
      {
        id: batch.batchId,
        tenant_id: batch.tenantId,
        type: 'send_wave',
        payload: batch.payload,
        n: 120,
        resume_at: 0,
        lease_to: 120,
        in_doubt_to: 0,
        attempt: 1,
        mailbox_id: batch.rateKey,
        storage_key: batch.storageKey,
        correlation_id: batch.correlationId,
        traceparent: null,
        created_at: expect.any(String),
      },
    ]);
    const grant = await verifyGrant(testKeys().publicKeys, body.grants[0].grant, 'oltp');
    const { tenantId, batchId } = batch;
    expect(grant).toMatchObject({ tenants: [{ tenantId, jobIds: [batchId] }], leaseToken: token });
    const beat = await asWorker(':heartbeat', {
      leases: [{ lease_token: token, batches: [{ tenant_id: batch.tenantId, id: batch.batchId }] }],
    });
    expect(beat.body).toMatchObject({ lost: [], grants: [{ lease_token: token }] });
    const step = await asWorker(':checkpoint', report(batch, token, { outcomes: times(50) }));
    expect(step).toMatchObject({
      status: 200,
      body: { accepted: [{ batch_id: batch.batchId, done: 50 }], refused: [] },
    });
    const rest = { from: 50, outcomes: times(70) };
    const end = await asWorker(':finish', report(batch, token, rest));
    expect(end.body).toMatchObject({ accepted: [{ done: 120 }], refused: [] });
    const again = await asWorker(':finish', report(batch, token, rest));
    expect(again.body).toMatchObject({ accepted: [], refused: [batch.batchId] });
    await queue.app
      .get(SystemDatabase)
      .transaction((tx) =>
        queue.app
          .get(SealGroup)
          .execute(tx, { tenantId: batch.tenantId, groupId: group.id }, group.kind),
      );
    const { rows } = await queue.admin.query(
      'SELECT total, remaining, finished_at FROM job_groups',
    );
    expect(rows).toEqual([{ total: 120, remaining: 0, finished_at: expect.any(Date) }]);
  });

  it('are kept while an operator has paused their type, which is listed', async () => {
    const asOperator = (method: string, path: string, body?: object) =>
      queue.request(queue.platformToken, method, `/internal/queues${path}`, body);
    const pause = await asOperator('POST', '/send_wave/pause', { reason: 'storm' });
    expect(pause).toMatchObject({ status: 200, body: { type: 'send_wave', paused: true } });
    const batch = newBatch({ n: 1 });
    await enqueue(batch);
    expect((await lease({ wait_ms: 0 })).body.batches).toEqual([]);
    const { body } = await asOperator('GET', '');
    expect((body.data as { type: string }[]).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['send_wave', 'send_other', 'send_email']),
    );
    await asOperator('POST', '/send_wave/resume');
    const leased = await eventually(async () => {
      const { body: answer } = await lease();
      return answer.batches?.length === 1 && answer;
    });
    expect(leased.batches).toMatchObject([{ id: batch.batchId }]);
    await asWorker(':finish', report(batch, leased.lease_token));
  });

  it('are waited for', async () => {
    const waiting = waited();
    const batch = newBatch({ n: 1 });
    await enqueue(batch);
    const body = await waiting;
    expect(body.batches).toMatchObject([{ id: batch.batchId }]);
    await asWorker(':finish', report(batch, body.lease_token));
  });

  it('come back when their lease ran out: the clock of the service runs for them too', async () => {
    const { batch, token } = await leased({ n: 60 });
    await queue.admin.query(
      `UPDATE job_batches SET lease_expires_at = lease_expires_at - interval '31 s'`,
    );
    const next = await eventually(async () => {
      const { body } = await lease({ wait_ms: 0 });
      return body.batches?.length === 1 && body;
    });
    expect(next.batches).toMatchObject([{ id: batch.batchId, in_doubt_to: 50 }]);
    const stale = await asWorker(':finish', report(batch, token));
    expect(stale.body).toMatchObject({ accepted: [], refused: [batch.batchId] });
    await asWorker(':finish', report(batch, next.lease_token));
  });
});

describe('a request about batches', () => {
  const one = report(newBatch(), newId()).reports[0];
  const about = (more: object) => ({ reports: [{ ...one, ...more }] });

  it.each([
    ['a type that is not one of batches', '', { types: ['send_email'], max: 1, wait_ms: 0 }],
    ['too many batches', '', { types: ['send_wave'], max: 51, wait_ms: 0 }],
    ['too long a wait', '', { types: ['send_wave'], max: 1, wait_ms: 2001 }],
    ['nothing to renew', ':heartbeat', { leases: [] }],
    ['an outcome that there is not', ':checkpoint', about({ outcomes: ['lost'] })],
    ['an id that is no batch', ':finish', about({ batch_id: newId().slice(0, -4) + '0001' })],
    ['a wait after a checkpoint', ':checkpoint', about({ retry_after_ms: 1 })],
    ['a batch twice', ':finish', { reports: [one, one] }],
  ])('with %s is refused', async (_what, path, body) => {
    const { status } = await asWorker(path, body);
    expect(status).toBe(422);
  });

  it.each(['', ':heartbeat', ':checkpoint', ':finish'])('%s is for workers only', async (path) => {
    const url = `/internal/batch-leases${path}`;
    for (const token of [null, queue.gatewayToken, queue.platformToken]) {
      const { status } = await queue.request(token, 'POST', url, {});
      expect([401, 403]).toContain(status);
    }
  });
});
