import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { recipientId } from '../../src/batch/batch-key.js';
import { outcomesOf } from '../../src/batch/batch-outcome.js';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { newBatch, reportOf, times } from './batch-engine.js';
import { lookAgain, type QueueEngine, startQueueEngine } from './queue-engine.js';

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
    ['leaves a gap', 1, 10, 'outcomes_missing'],
    ['goes beyond its lease', 0, 101, 'outcomes_beyond_lease'],
  ])('that %s is refused, whatever its outcomes are', async (_what, from, n, code) => {
    const { held, leaseToken } = await leased({ n: 100 });
    for (const kind of ['delivered', 'failed'] as const) {
      const report = reportOf(held, leaseToken, times(n, kind), { from });
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
    const report = reportOf(held, leaseToken, ['delivered', 'deferred', 'delivered'], {
      details: [detail(1, { domain_key: 'ab'.repeat(16) })],
    });
    const { least, most } = await queue.delayBy(() => queue.batches.finish(report));
    const id = recipientId(batch.batchId, 1);
    const [row] = await queue.rows('SELECT * FROM job_queue');
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
    expect(most).toBeGreaterThan(45);
    expect(least).toBeLessThan(75);
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

  it('buries who would go on as a job of a type that was removed meanwhile, beside other batches', async () => {
    const { held, leaseToken } = await leased({ n: 3 });
    const other = await leased({ n: 2 });
    await queue.rows("UPDATE job_batches SET item_type = 'mine_coins' WHERE id = $1", [
      held.batchId,
    ]);
    const answer = await queue.batches.finish(
      reportOf(held, leaseToken, ['delivered', 'deferred', 'unknown']),
      reportOf(other.held, other.leaseToken, times(2)),
    );
    expect(answer).toMatchObject({ accepted: [{ done: 3 }, { done: 2 }], refused: [] });
    expect(await queue.rows('SELECT FROM job_queue')).toEqual([]);
    expect(
      await queue.rows('SELECT job_type AS type, outcome FROM dead_letters ORDER BY outcome'),
    ).toEqual(['deferred', 'unknown'].map((outcome) => ({ type: 'mine_coins', outcome })));
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
      const put = await queue.delayBy(
        () => queue.batches.finish(reportOf(held, leaseToken, [])),
        'job_batches',
      );
      await queue.admin.query('UPDATE job_batches SET scheduled_at = now()');
      await lookAgain(queue.batches);
      const lease = await queue.batches.lease();
      held = lease.batches[0];
      leaseToken = lease.leaseToken;
      return put;
    };
    expect((await delay()).least).toBeLessThanOrEqual(0);
    for (const seconds of [1, 2]) {
      const { least, most } = await delay();
      expect(least).toBeLessThanOrEqual(seconds);
      expect(most).toBeGreaterThanOrEqual(seconds);
    }
  });

  it('is put off where the worker asks for that', async () => {
    const { held, leaseToken } = await leased({ n: 100 });
    await queue.batches.finish(reportOf(held, leaseToken, times(1), { retry_after_ms: 60_000 }));
    expect((await queue.batches.lease()).batches).toEqual([]);
  });
});
