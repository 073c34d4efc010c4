import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import { verifyGrant } from '@penguinmails/http';
import { testKeys } from '@penguinmails/testing';
import { outcomesOf } from '../../src/batch/batch-outcome.js';
import { recipientId } from '../../src/batch/batch-key.js';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { newBatch, newBatchId, reportOf, times } from './batch-engine.js';
import { type QueueEngine, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const tick = () => queue.rescueJobs.execute('replica-1');
const hot = async () => (await queue.rows('SELECT * FROM job_batches'))[0];
const ended = async () =>
  (
    await queue.rows<{ status: string; outcomes: Buffer; attempts: number; lease_losses: number }>(
      'SELECT status, outcomes, attempts, lease_losses FROM batch_history',
    )
  )[0];
const letLeasesAge = (seconds: number) =>
  queue.admin.query(
    `UPDATE job_batches SET lease_expires_at = lease_expires_at - $1 * interval '1 second'
     WHERE lease_token IS NOT NULL`,
    [seconds],
  );
const detail = (ordinal: number, more: object = {}) => ({
  ordinal,
  code: 451,
  enhanced_code: '4.7.1',
  error_code: 'server_busy',
  reply: '451 4.7.1 ann@example.com is busy',
  started_at: '2026-11-22T10:00:00.000Z',
  finished_at: '2026-11-22T10:00:01.000Z',
  ...more,
});

/** A batch that a worker holds. */
async function leased(more: Partial<NewBatch> = {}) {
  const batch = newBatch(more);
  await queue.batches.enqueue(batch);
  const { batches, leaseToken } = await queue.batches.lease(1);
  return { batch, held: batches[0], leaseToken };
}

/** Its lease runs out and the next worker gets it. */
async function lost() {
  await tick();
  await letLeasesAge(31);
  await expect(tick()).resolves.toMatchObject({ rescued: 1 });
  const { batches, leaseToken } = await queue.batches.lease(1, 'worker-2');
  return { held: batches[0], leaseToken };
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
    const at = (ms: number) => new Date(Date.now() - 60_000 + ms).toISOString();
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
    queue.batches.ready.wake();
    expect((await queue.batches.lease()).batches).toHaveLength(1);
  });

  it('waits until a batch is due, and is answered as soon as one is enqueued', async () => {
    await queue.batches.enqueue(
      newBatch({ scheduledAt: new Date(Date.now() + 60_000).toISOString() }),
    );
    const waiting = queue.batches.lease(1, 'worker-1', 20_000);
    const now = newBatch();
    await queue.batches.enqueue(now);
    expect((await waiting).batches.map(({ batchId }) => batchId)).toEqual([now.batchId]);
  });

  it('finds what another replica enqueued', async () => {
    const waiting = queue.batches.lease(1, 'worker-1', 20_000);
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
    expect(grant).toMatchObject({
      tenantId: batch.tenantId,
      jobIds: [batch.batchId],
      contentKeys: [batch.storageKey],
      mailboxIds: [batch.rateKey],
      leaseToken,
    });
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
  const limit = (batch: NewBatch, key: string, perMinute: number | null, perDay: number | null) =>
    queue.admin.query(
      'INSERT INTO rate_limits (tenant_id, limit_key, per_minute, per_day) VALUES ($1, $2, $3, $4)',
      [batch.tenantId, key, perMinute, perDay],
    );
  const usedToday = async () =>
    (await queue.rows<{ used_today: number }>('SELECT used_today FROM rate_buckets'))[0].used_today;

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
    const next = await queue.batches.lease(1, 'worker-1', 20_000);
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

describe('a checkpoint', () => {
  it('adds outcomes by ordinal and changes nothing when it is repeated', async () => {
    const { held, leaseToken } = await leased({ n: 120 });
    const first = reportOf(held, leaseToken, times(50));
    const second = reportOf(held, leaseToken, [...times(30), ...times(20, 'bounced')], {
      from: 50,
    });
    await expect(queue.batches.checkpoint(first)).resolves.toEqual({
      accepted: [{ batch_id: held.batchId, done: 50 }],
      refused: [],
    });
    await queue.batches.checkpoint(second);
    await expect(queue.batches.checkpoint(first)).resolves.toMatchObject({
      accepted: [{ done: 100 }],
    });
    await queue.batches.checkpoint(second);
    const { done } = (await hot()) as { done: Buffer };
    expect(outcomesOf(done).map(({ outcome }) => outcome)).toEqual([
      ...times(80),
      ...times(20, 'bounced'),
    ]);
  });

  it('takes of an overlapping report what is new, deferred recipients too', async () => {
    const { held, leaseToken } = await leased({ n: 100 });
    const outcomes = [...times(9), ...times(1, 'deferred')];
    await queue.batches.checkpoint(reportOf(held, leaseToken, outcomes));
    await queue.batches.checkpoint(reportOf(held, leaseToken, [...outcomes, ...outcomes]));
    await queue.batches.checkpoint(reportOf(held, leaseToken, [...outcomes, ...outcomes]));
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(2);
    expect(await queue.rows('SELECT FROM job_attempts')).toHaveLength(2);
    expect(((await hot()) as { done: Buffer }).done).toHaveLength(20);
  });

  it('is refused under a token that counts no more, and changes nothing', async () => {
    const { held, leaseToken } = await leased({ n: 100 });
    const next = await lost();
    for (const outcomes of [times(50), times(50, 'deferred')]) {
      const late = reportOf(held, leaseToken, outcomes);
      const nothing = { accepted: [], refused: [held.batchId] };
      await expect(queue.batches.checkpoint(late)).resolves.toEqual(nothing);
      await expect(queue.batches.finish(late)).resolves.toEqual(nothing);
    }
    expect(await hot()).toMatchObject({ done: Buffer.alloc(0), lease_token: next.leaseToken });
    expect(await queue.rows('SELECT FROM job_queue')).toHaveLength(0);
  });

  it.each([
    ['leaves a gap', { from: 1 }, 'outcomes_missing'],
    ['goes beyond its lease', { from: 0, outcomes: times(101) }, 'outcomes_beyond_lease'],
  ])('that %s is refused, whatever its outcomes are', async (_what, wrong, code) => {
    const { held, leaseToken } = await leased({ n: 100 });
    for (const kind of ['delivered', 'failed'] as const) {
      const report = reportOf(held, leaseToken, times(wrong.outcomes?.length ?? 10, kind), {
        from: wrong.from,
      });
      await expect(queue.batches.checkpoint(report)).rejects.toMatchObject({ status: 422, code });
    }
    expect(((await hot()) as { done: Buffer }).done).toHaveLength(0);
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(0);
  });
});

describe('a finish', () => {
  it('moves the batch to history with every outcome', async () => {
    const { held, leaseToken } = await leased({ n: 100 });
    await queue.batches.checkpoint(reportOf(held, leaseToken, times(50)));
    const rest = [...times(45, 'bounced'), ...times(5, 'cancelled')];
    await queue.batches.finish(reportOf(held, leaseToken, rest, { from: 50 }));
    expect(await hot()).toBeUndefined();
    const { outcomes, ...end } = await ended();
    expect(end).toEqual({ status: 'completed', attempts: 1, lease_losses: 0 });
    expect(outcomesOf(outcomes).map(({ outcome }) => outcome)).toEqual([...times(50), ...rest]);
  });

  it('lets deferred recipients go on as jobs of their own', async () => {
    const { batch, held, leaseToken } = await leased({ n: 3 });
    await queue.batches.finish(
      reportOf(held, leaseToken, ['delivered', 'deferred', 'delivered'], {
        details: [detail(1, { domain_key: 'ab'.repeat(16) })],
      }),
    );
    const id = recipientId(batch.batchId, 1);
    const [row] = await queue.rows(
      `SELECT *, extract(epoch FROM scheduled_at - now())::float8 AS due_in FROM job_queue`,
    );
    expect(row).toMatchObject({
      id,
      tenant_id: batch.tenantId,
      job_type: 'send_email',
      payload: { ...batch.payload, batch_id: batch.batchId, ordinal: 1 },
      rate_key: batch.rateKey,
      domain_key: 'ab'.repeat(16),
      attempts: 1,
      max_attempts: 12,
      status: 'pending',
      last_error_code: 'server_busy',
      error_message: '451 4.7.1 <address> is busy',
      correlation_id: batch.correlationId,
    });
    expect(row.due_in).toBeGreaterThan(45);
    expect(row.due_in).toBeLessThan(75);
    await expect(queue.listAttempts.execute(batch.tenantId, id)).resolves.toMatchObject([
      { attempt: 1, outcome: 'deferred', code: 451, reply: '451 4.7.1 <address> is busy' },
    ]);
    expect(outcomesOf((await ended()).outcomes)[1]).toEqual({ outcome: 'deferred', hasLeft: true });
    await queue.makeDue();
    expect((await queue.lease(1)).jobs).toMatchObject([{ jobId: id, attempt: 2 }]);
  });

  it('buries recipients that failed or stay unknown, with their try', async () => {
    const { batch, held, leaseToken } = await leased({ n: 3 });
    await queue.batches.finish(
      reportOf(held, leaseToken, ['delivered', 'failed', 'unknown'], {
        details: [detail(1, { code: 550, error_code: null })],
      }),
    );
    const letters = await queue.rows(
      'SELECT job_id, job_type, outcome, error_code, attempts, tries FROM dead_letters ORDER BY job_id',
    );
    expect(letters).toMatchObject([
      {
        job_id: recipientId(batch.batchId, 1),
        outcome: 'failed',
        error_code: 'failed',
        tries: [{ attempt: 1, outcome: 'failed', code: 550 }],
      },
      { job_id: recipientId(batch.batchId, 2), outcome: 'unknown', error_code: 'outcome_unknown' },
    ]);
    expect(JSON.stringify(letters)).not.toContain('ann@');
    const events = await queue.published('system.event_raised.v1');
    expect(events.map(({ data }) => data)).toMatchObject([
      { event_type: 'job_dead_lettered', subject_id: 'send_email', count: 2 },
    ]);
  });

  it('gives back what remains: to go on where it stopped, at once', async () => {
    const { held, leaseToken } = await leased({ n: 100 });
    await queue.batches.finish(reportOf(held, leaseToken, times(30)));
    const next = await queue.batches.lease();
    expect(next.batches).toMatchObject([{ resumeAt: 30, leaseTo: 100, inDoubtTo: 0, attempt: 2 }]);
  });

  it('that achieved nothing is free once; then the batch waits longer each time', async () => {
    let { held, leaseToken } = await leased({ n: 100 });
    const delay = async () => {
      await queue.batches.finish(reportOf(held, leaseToken, []));
      const [{ due_in }] = await queue.rows<{ due_in: number }>(
        'SELECT extract(epoch FROM scheduled_at - now())::float8 AS due_in FROM job_batches',
      );
      await queue.admin.query('UPDATE job_batches SET scheduled_at = now()');
      queue.batches.ready.wake();
      const lease = await queue.batches.lease();
      held = lease.batches[0];
      leaseToken = lease.leaseToken;
      return due_in;
    };
    expect(await delay()).toBeLessThanOrEqual(0);
    expect(Math.round(await delay())).toBe(1);
    expect(Math.round(await delay())).toBe(2);
  });

  it('is put off where the worker asks for that', async () => {
    const { held, leaseToken } = await leased({ n: 100 });
    await queue.batches.finish(reportOf(held, leaseToken, times(1), { retry_after_ms: 60_000 }));
    expect((await queue.batches.lease()).batches).toEqual([]);
  });
});

describe('a lost lease', () => {
  it('goes on at the checkpoint; what was sent since then is in doubt', async () => {
    const { held, leaseToken } = await leased({ n: 200 });
    await queue.batches.checkpoint(reportOf(held, leaseToken, times(50)));
    const next = await lost();
    expect(next.held).toMatchObject({ resumeAt: 50, inDoubtTo: 100, leaseTo: 200 });
    expect(await hot()).toMatchObject({ lease_losses: 1, attempts: 0 });
  });

  it('leaves no doubt about more than its lease was for', async () => {
    await leased({ n: 20 });
    expect((await lost()).held).toMatchObject({ resumeAt: 0, inDoubtTo: 20 });
  });

  it.each([
    ['park', 0, 50],
    ['retry_once', 50, 0],
  ] as const)('%s: the mailbox decides about what is in doubt', async (policy, jobs, letters) => {
    await leased({ n: 80 });
    const next = await lost();
    await queue.batches.finish(
      reportOf(next.held, next.leaseToken, [...times(50, 'unknown'), ...times(30)], {
        unknown_policy: policy,
      }),
    );
    expect(await queue.rows('SELECT FROM job_queue WHERE unknown_outcomes = 1')).toHaveLength(jobs);
    expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(letters);
    expect(await ended()).toMatchObject({ status: 'completed', lease_losses: 1 });
  });

  it('ends a batch whose last outcome was already there', async () => {
    const { held, leaseToken } = await leased({ n: 50 });
    await queue.batches.checkpoint(reportOf(held, leaseToken, times(50)));
    await tick();
    await letLeasesAge(31);
    await tick();
    expect(await ended()).toMatchObject({ status: 'completed' });
    expect(await hot()).toBeUndefined();
  });

  it('buries the batch at the 20th time: each recipient without an outcome can be redriven', async () => {
    const { held, leaseToken, batch } = await leased({ n: 200 });
    await queue.batches.checkpoint(reportOf(held, leaseToken, times(100)));
    await queue.admin.query('UPDATE job_batches SET lease_losses = 19');
    await tick();
    await letLeasesAge(31);
    await tick();
    const { outcomes, ...end } = await ended();
    expect(end).toEqual({ status: 'dead', attempts: 0, lease_losses: 20 });
    expect(outcomesOf(outcomes).map(({ outcome }) => outcome)).toEqual([
      ...times(100),
      ...times(50, 'unknown'),
      ...times(50, 'failed'),
    ]);
    const letters = await queue.rows<{ job_id: string }>(
      `SELECT job_id, outcome FROM dead_letters WHERE error_code = 'lease_lost' ORDER BY job_id`,
    );
    expect(letters).toHaveLength(100);
    expect(letters[0]).toEqual({ job_id: recipientId(batch.batchId, 100), outcome: 'unknown' });
    expect(letters[99]).toEqual({ job_id: recipientId(batch.batchId, 199), outcome: 'lease_lost' });
  });

  it('is none while the holder renews it, or reports', async () => {
    const { batch, leaseToken } = await leased();
    await tick();
    await letLeasesAge(29);
    const { lost: gone } = await queue.batches.renewLeases.execute({
      worker_id: 'worker-1',
      leases: [
        { lease_token: leaseToken, batches: [{ tenant_id: batch.tenantId, id: batch.batchId }] },
      ],
    });
    expect(gone).toEqual([]);
    await letLeasesAge(10);
    await expect(tick()).resolves.toMatchObject({ rescued: 0 });
  });

  it('is none by an outage of the queue: what ran goes on under the same token', async () => {
    const { held, leaseToken } = await leased({ n: 10 });
    await tick();
    await letLeasesAge(120);
    await queue.admin.query(`UPDATE queue_clock SET stamped_at = stamped_at - interval '120 s'`);
    await expect(tick()).resolves.toMatchObject({ rescued: 0 });
    const { accepted } = await queue.batches.finish(reportOf(held, leaseToken, times(10)));
    expect(accepted).toHaveLength(1);
  });
});

describe('a cancel', () => {
  it('takes a waiting batch out and keeps the outcomes that it has', async () => {
    const { batch, held, leaseToken } = await leased({ n: 100 });
    await queue.batches.finish(reportOf(held, leaseToken, times(30)));
    await expect(queue.batches.cancel(batch, batch)).resolves.toEqual([batch.batchId]);
    const { outcomes, status } = await ended();
    expect(status).toBe('cancelled');
    expect(outcomesOf(outcomes).map(({ outcome }) => outcome)).toEqual([
      ...times(30),
      ...times(70, 'cancelled'),
    ]);
    expect((await queue.batches.lease()).batches).toEqual([]);
  });

  it('leaves a running one, and one of another tenant', async () => {
    const { batch } = await leased();
    const waiting = newBatch();
    await queue.batches.enqueue(waiting);
    const foreign = { ...waiting, tenantId: newId() };
    await expect(queue.batches.cancel(batch, foreign)).resolves.toEqual([]);
    expect(await queue.rows('SELECT FROM job_batches')).toHaveLength(2);
  });
});

describe('a pair of tenant and id that does not exist', () => {
  it('is not reported on, renewed, given back, rescued or ended', async () => {
    const { held, leaseToken } = await leased({ n: 10 });
    const mismatched = { ...held, tenantId: newId(), leaseToken };
    const before = await queue.rows('SELECT * FROM job_batches');
    const { reports, leases, rescue } = queue.batches.repositories;
    await queue.batches.checkpoint(reportOf(mismatched, leaseToken, times(5)));
    await queue.batches.finish(reportOf(mismatched, leaseToken, times(5, 'deferred')));
    await queue.db.system.transaction(async (tx) => {
      expect(await leases.renew(tx, [mismatched], 60_000)).toEqual([]);
      await leases.giveBack(tx, [mismatched]);
      await rescue.loseLeases(tx, [{ batch: mismatched as never, inDoubtTo: 3 }]);
      await reports.step(tx, [
        {
          ...mismatched,
          added: Buffer.from([1]),
          isReleased: true,
          returns: 0,
          delaySeconds: null,
        },
      ]);
      await reports.end(tx, [
        {
          ...mismatched,
          status: 'completed',
          outcomes: Buffer.alloc(10, 1),
          attempts: 1,
          leaseLosses: 0,
        },
      ]);
    });
    expect(await queue.rows('SELECT * FROM job_batches')).toEqual(before);
    expect(await queue.rows('SELECT FROM batch_history')).toHaveLength(0);
  });
});

describe('the hot table of batches', () => {
  type Work = (tx: SystemTransaction) => Promise<unknown>;

  /** Updates that the statements of one transaction made, and how many of them were HOT. */
  const updatesOf = (work: Work) =>
    queue.db.system.transaction(async (tx) => {
      const before = await countUpdates(tx);
      await work(tx);
      const after = await countUpdates(tx);
      return { all: after.all - before.all, hot: after.hot - before.hot };
    });

  /** Leases ten batches in turns, renews, reports, loses and gives back. */
  async function workThrough(rounds: number) {
    const batches = Array.from({ length: 10 }, () => newBatch());
    await queue.batches.enqueue(...batches);
    const { lanes, leases, reports, rescue } = queue.batches.repositories;
    const claimer = { workerId: 'w', leaseToken: newId(), leaseMs: 30_000 };
    const held = batches.map((batch) => ({ ...batch, leaseToken: claimer.leaseToken }));
    const quotas = batches.map((batch) => ({ ...batch, after: null, most: 1, recipients: 500 }));
    const twenty = Buffer.alloc(20, 1);
    const isReleased = { isReleased: true, returns: 0, delaySeconds: null };
    const lostOnes = held.map((batch) => ({ batch: batch as never, inDoubtTo: 50 }));
    const works = (from: number): Work[] => [
      (tx) => lanes.claim(tx, quotas, claimer),
      (tx) => leases.renew(tx, held, 30_000),
      (tx) =>
        reports.append(
          tx,
          held.map((each) => ({ ...each, from, outcomes: twenty })),
        ),
      (tx) => rescue.loseLeases(tx, lostOnes),
      (tx) => lanes.claim(tx, quotas, claimer),
      (tx) =>
        reports.step(
          tx,
          held.map((each) => ({ ...each, ...isReleased, added: twenty })),
        ),
    ];
    const counts = { all: 0, hot: 0 };
    for (let round = 0; round < rounds; round += 1)
      for (const work of works(40 * round)) {
        const { all, hot: inPlace } = await updatesOf(work);
        expect(all).toBe(10);
        counts.all += all;
        counts.hot += inPlace;
      }
    return counts;
  }

  it('is updated in place: lease, heartbeat, checkpoint, return and loss are HOT', async () => {
    const counts = await workThrough(12);
    expect(counts.hot / counts.all).toBeGreaterThan(0.95);
  });

  it('would not be with an index on a lease column', async () => {
    await queue.admin.query('CREATE INDEX mutant ON job_batches (lease_expires_at)');
    try {
      expect((await workThrough(2)).hot).toBeLessThan(50);
    } finally {
      await queue.admin.query('DROP INDEX mutant');
    }
  });
});

/** Updates that this session has counted and not yet handed on. */
async function countUpdates(tx: SystemTransaction): Promise<{ all: number; hot: number }> {
  const { rows } = await tx.query<{ all: number; hot: number }>(
    `SELECT n_tup_upd::int AS "all", n_tup_hot_upd::int AS hot
     FROM pg_stat_xact_user_tables WHERE relname = 'job_batches'`,
  );
  return rows[0];
}
