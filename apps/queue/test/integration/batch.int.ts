import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { verifyGrant } from '@penguinmails/http';
import { awayFromMidnight, testKeys } from '@penguinmails/testing';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { newBatch, newBatchId, reportOf, times } from './batch-engine.js';
import { lookAgain, type QueueEngine, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const hot = async () => (await queue.rows('SELECT * FROM job_batches'))[0];

/** A batch that a worker holds. */
async function leased(more: Partial<NewBatch> = {}) {
  const batch = newBatch(more);
  await queue.batches.enqueue(batch);
  const { batches, leaseToken } = await queue.batches.lease(1);
  return { batch, held: batches[0], leaseToken };
}

describe('enqueueing batches', () => {
  it('is one statement for many, and stores each once however often it comes', async () => {
    const batches = Array.from({ length: 300 }, () => newBatch());
    await expect(queue.batches.enqueue(...batches, batches[0])).resolves.toBe(300);
    await expect(queue.batches.enqueue(...batches)).resolves.toBe(0);
    expect(await queue.rows('SELECT FROM job_batches')).toHaveLength(300);
  });

  it('does not bring back a batch that was finished', async () => {
    const { batch, held, leaseToken } = await leased({ n: 10 });
    await queue.batches.finish(reportOf(held, leaseToken, times(10)));
    await expect(queue.batches.enqueue(batch)).resolves.toBe(0);
    expect(await hot()).toBeUndefined();
  });

  it.each([
    ['an id without room for ordinals', { batchId: newId().slice(0, -4) + '0001' }],
    ['nobody in it', { n: 0 }],
    ['more than 500 recipients', { n: 501 }],
  ])('refuses %s', async (_what, wrong) => {
    await expect(queue.batches.enqueue(newBatch(wrong))).rejects.toMatchObject({ code: '23514' });
  });

  it('refuses a type that nobody declared', async () => {
    await expect(queue.batches.enqueue(newBatch({ type: 'mine_coins' }))).rejects.toThrow(
      'not declared',
    );
  });
});

describe('a claim of batches', () => {
  it('goes by priority, then time, then id', async () => {
    const tenantId = newId();
    const past = Date.now() - 60_000;
    const at = (ms: number) => new Date(past + ms).toISOString();
    const early = newBatch({ tenantId, scheduledAt: at(1) });
    const late = newBatch({ tenantId, scheduledAt: at(2), rateKey: early.rateKey });
    const twin = newBatch({ tenantId, scheduledAt: at(2), rateKey: early.rateKey });
    const urgent = newBatch({ tenantId, scheduledAt: at(3), priority: 5 });
    await queue.batches.enqueue(twin, late, early, urgent);
    const taken = [];
    for (let n = 0; n < 4; n += 1) taken.push(...(await queue.batches.lease(1)).batches);
    const twins = [late.batchId, twin.batchId].sort();
    expect(taken.map(({ batchId }) => batchId)).toEqual([urgent.batchId, early.batchId, ...twins]);
  });

  it('shares equally between tenants, however many batches one has', async () => {
    const [many, few] = [newId(), newId()];
    await queue.batches.enqueue(
      ...Array.from({ length: 200 }, () => newBatch({ tenantId: many, rateKey: '' })),
    );
    await queue.batches.enqueue(
      ...Array.from({ length: 3 }, () => newBatch({ tenantId: few, rateKey: '' })),
    );
    const { batches } = await queue.batches.lease(6);
    expect(batches.filter(({ tenantId }) => tenantId === few)).toHaveLength(3);
    expect(batches).toHaveLength(6);
  });

  it('gives no batch to two of many claimers at the same time', async () => {
    const batches = Array.from({ length: 120 }, () => newBatch());
    await queue.batches.enqueue(...batches);
    const drain = async (worker: number) => {
      const replica = queue.anotherReplica().batches;
      const ids: string[] = [];
      for (;;) {
        const lease = await replica.lease(7, `worker-${worker}`);
        ids.push(...lease.batches.map(({ batchId }) => batchId));
        const waiting = await queue.rows('SELECT FROM job_batches WHERE lease_token IS NULL');
        if (lease.batches.length === 0 && waiting.length === 0) return ids;
      }
    };
    const taken = (await Promise.all(Array.from({ length: 6 }, (_, n) => drain(n)))).flat();
    expect(taken.sort()).toEqual(batches.map(({ batchId }) => batchId).sort());
  });

  it.each([
    ['the type', `INSERT INTO queue_controls (job_type, paused) VALUES ('send_wave', true)`, []],
    ['the tenant', 'INSERT INTO lane_pauses (tenant_id) SELECT tenant_id FROM job_batches', []],
    [
      'the mailbox',
      'INSERT INTO lane_pauses (tenant_id, rate_key) SELECT tenant_id, rate_key FROM job_batches',
      [],
    ],
  ])('gives nothing while %s is paused, and loses nothing', async (_what, pause, values) => {
    await queue.batches.enqueue(newBatch());
    await queue.admin.query(pause, values);
    expect((await queue.batches.lease()).batches).toEqual([]);
    await queue.admin.query('DELETE FROM queue_controls');
    await queue.admin.query('DELETE FROM lane_pauses');
    await lookAgain(queue.batches);
    expect((await queue.batches.lease()).batches).toHaveLength(1);
  });

  it('waits until a batch is due, and is answered as soon as one is enqueued', async () => {
    await queue.batches.enqueue(
      newBatch({ scheduledAt: new Date(Date.now() + 60_000).toISOString() }),
    );
    const waiting = queue.batches.lease(1, 'worker-1', 45_000);
    const now = newBatch();
    await queue.batches.enqueue(now);
    expect((await waiting).batches.map(({ batchId }) => batchId)).toEqual([now.batchId]);
  });

  it('finds what another replica enqueued', async () => {
    const waiting = queue.batches.lease(1, 'worker-1', 45_000);
    await queue.anotherReplica().batches.enqueue(newBatch());
    expect((await waiting).batches).toHaveLength(1);
  });

  it('carries a grant for batches, contents and mailboxes of each tenant', async () => {
    const { batch, leaseToken, held } = await leased();
    expect(held).toMatchObject({ resumeAt: 0, leaseTo: 500, inDoubtTo: 0, attempt: 1, n: 500 });
    const { grants } = await queue.batches.renewLeases.execute({
      worker_id: 'worker-1',
      leases: [
        { lease_token: leaseToken, batches: [{ tenant_id: batch.tenantId, id: batch.batchId }] },
      ],
    });
    const grant = await verifyGrant(testKeys().publicKeys, grants[0].grant, 'content');
    const part = {
      tenantId: batch.tenantId,
      jobIds: [batch.batchId],
      contentKeys: [batch.storageKey],
      mailboxIds: [batch.rateKey],
    };
    expect(grant).toMatchObject({ tenants: [part], leaseToken });
  });

  it('goes back whole when the worker hung up meanwhile', async () => {
    await queue.batches.enqueue(newBatch());
    const hungUp = new AbortController();
    hungUp.abort();
    const lease = await queue.batches.lease(1, 'gone', 0, hungUp.signal);
    expect(lease.batches).toEqual([]);
    expect((await queue.batches.lease()).batches).toHaveLength(1);
  });

  it('refuses a type that nobody declared', async () => {
    const request = { worker_id: 'w', types: ['send_email'], max: 1, wait_ms: 0 };
    await expect(
      queue.batches.leaseBatches.execute(request, new AbortController().signal),
    ).rejects.toMatchObject({ status: 422, code: 'unknown_job_type' });
  });
});

describe('limits', () => {
  beforeEach(() => awayFromMidnight(), 120_000);

  const limit = (batch: NewBatch, key: string, perMinute: number | null, perDay: number | null) =>
    queue.admin.query(
      'INSERT INTO rate_limits (tenant_id, limit_key, per_minute, per_day) VALUES ($1, $2, $3, $4)',
      [batch.tenantId, key, perMinute, perDay],
    );
  const usedToday = async () =>
    (await queue.rows<{ used: number }>('SELECT max(used_today) AS used FROM rate_buckets'))[0]
      .used;

  it('lease a batch in part, as far as its mailbox allows, and charge it by recipient', async () => {
    const batch = newBatch();
    await limit(batch, `mailbox:${batch.rateKey}`, null, 120);
    await queue.batches.enqueue(batch);
    const { batches, leaseToken } = await queue.batches.lease();
    expect(batches).toMatchObject([{ resumeAt: 0, leaseTo: 120 }]);
    expect(await usedToday()).toBe(120);
    await queue.batches.finish(reportOf(batches[0], leaseToken, times(120)));
    expect(await hot()).toMatchObject({ lease_token: null, lease_to: null, n: 500 });
    expect((await queue.batches.lease()).batches).toEqual([]);
  });

  it('count over the batches of a lane, and the last one is cut', async () => {
    const batch = newBatch({ n: 100 });
    const twin = newBatch({ ...batch, batchId: newBatchId() });
    const third = newBatch({ ...batch, batchId: newBatchId() });
    await limit(batch, 'tenant', null, 150);
    await queue.batches.enqueue(batch, twin, third);
    const { batches } = await queue.batches.lease();
    expect(batches.map(({ leaseTo }) => leaseTo)).toEqual([100, 50]);
    expect(await usedToday()).toBe(150);
  });

  it('give a minute no more than its tokens, and go on when there are new ones', async () => {
    const batch = newBatch({ n: 100 });
    await limit(batch, `mailbox:${batch.rateKey}`, 600, null);
    await queue.batches.enqueue(batch);
    const first = await queue.batches.lease();
    expect(first.batches).toMatchObject([{ leaseTo: 30 }]);
    await queue.batches.finish(reportOf(first.batches[0], first.leaseToken, times(30)));
    const next = await queue.batches.lease(1, 'worker-1', 45_000);
    expect(next.batches[0].resumeAt).toBe(30);
    expect(next.batches[0].leaseTo).toBeLessThanOrEqual(60);
  });

  it('get back what a lease was for and did not use', async () => {
    const batch = newBatch({ n: 100 });
    await limit(batch, 'tenant', null, 500);
    await queue.batches.enqueue(batch);
    const { batches, leaseToken } = await queue.batches.lease();
    expect(await usedToday()).toBe(100);
    await queue.batches.finish(reportOf(batches[0], leaseToken, times(40)));
    expect(await usedToday()).toBe(40);
  });

  it('get back of a day only what was leased on it, whenever the batch was leased first', async () => {
    const batch = newBatch({ n: 100 });
    await limit(batch, 'tenant', null, 500);
    await queue.batches.enqueue(batch);
    const first = await queue.batches.lease();
    await queue.rows('UPDATE rate_buckets SET day = day + 1, used_today = 7');
    await queue.batches.finish(reportOf(first.batches[0], first.leaseToken, times(40)));
    expect(await usedToday()).toBe(7);
    await queue.rows('DELETE FROM rate_buckets');
    await queue.rows(
      `UPDATE job_batches SET started_at = started_at - interval '1 day',
         leased_at = leased_at - interval '1 day'`,
    );
    const next = await queue.batches.lease();
    expect(await usedToday()).toBe(60);
    await queue.batches.finish(reportOf(next.batches[0], next.leaseToken, times(10)));
    expect(await usedToday()).toBe(10);
  });

  it('get back what was claimed for a worker that hung up', async () => {
    const batch = newBatch({ n: 100 });
    await limit(batch, 'tenant', null, 500);
    await queue.batches.enqueue(batch);
    const hungUp = new AbortController();
    hungUp.abort();
    await queue.batches.lease(1, 'gone', 0, hungUp.signal);
    expect(await usedToday()).toBe(0);
  });
});
