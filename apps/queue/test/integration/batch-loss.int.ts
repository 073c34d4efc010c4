import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import type { SystemTransaction } from '@penguinmails/database';
import { recipientId } from '../../src/batch/batch-key.js';
import { outcomesOf } from '../../src/batch/batch-outcome.js';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { newBatch, reportOf, times } from './batch-engine.js';
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

  it('of many at once is one of 20 in a transaction, which says whether more may be left', async () => {
    await queue.batches.enqueue(...Array.from({ length: 45 }, () => newBatch({ n: 2 })));
    expect((await queue.batches.lease(45)).batches).toHaveLength(45);
    await letLeasesAge(3_600);
    await expect(tick()).resolves.toMatchObject({ rescued: 20, more: true });
    await expect(tick()).resolves.toMatchObject({ rescued: 20, more: true });
    await expect(tick()).resolves.toMatchObject({ rescued: 5, more: false });
  });

  it('is none while the holder renews it, or reports', async () => {
    const { batch, leaseToken } = await leased();
    await tick();
    await letLeasesAge(20);
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
    // Few, so that the rows hardly grow: ten that are changed together share a page.
    const two = Buffer.alloc(2, 1);
    const isReleased = { isReleased: true, returns: 0, delaySeconds: null };
    const lostOnes = held.map((batch) => ({ batch: batch as never, inDoubtTo: 50 }));
    const works = (from: number): Work[] => [
      (tx) => lanes.claim(tx, quotas, claimer),
      (tx) => leases.renew(tx, held, 30_000),
      (tx) =>
        reports.append(
          tx,
          held.map((each) => ({ ...each, from, outcomes: two })),
        ),
      (tx) => rescue.loseLeases(tx, lostOnes),
      (tx) => lanes.claim(tx, quotas, claimer),
      (tx) =>
        reports.step(
          tx,
          held.map((each) => ({ ...each, ...isReleased, added: two })),
        ),
    ];
    const counts = { all: 0, hot: 0 };
    for (let round = 0; round < rounds; round += 1)
      for (const work of works(4 * round)) {
        const { all, hot: inPlace } = await updatesOf(work);
        expect(all).toBe(10);
        counts.all += all;
        counts.hot += inPlace;
      }
    return counts;
  }

  it('is updated in place: lease, heartbeat, checkpoint, return and loss are HOT', async () => {
    // A page cannot be tidied up while an ANALYZE elsewhere in the database holds its snapshot.
    await eventually(async () => {
      const counts = await workThrough(12);
      expect(counts.hot / counts.all).toBeGreaterThan(0.9);
    });
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
