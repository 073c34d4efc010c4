import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, validateEvent } from '@penguinmails/contracts';
import type { BatchReport } from '../../src/batch/batch-lease.requests.js';
import { type BatchOutcome, countEnds } from '../../src/batch/batch-outcome.js';
import type { LeasedBatch } from '../../src/batch/leased-batch.js';
import type { NewBatch } from '../../src/batch/new-batch.js';
import { newBatch, reportOf, times } from './batch-engine.js';
import {
  acceptedEmail,
  lookAgain,
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

const tick = () => queue.rescueJobs.execute('replica-1');
const finished = async () =>
  (await queue.published('job_group.finished.v1')).map(({ data }) => data);
const groupRow = async () =>
  (
    await queue.rows<{ total: number; remaining: number; dead: number; finished_at: Date | null }>(
      'SELECT total, remaining, dead, finished_at FROM job_groups',
    )
  )[0];

/** Batches of one campaign. */
function campaign(sizes: readonly number[]): NewBatch[] {
  const tenantId = newId();
  const group = { id: newId(), kind: 'campaign' };
  return sizes.map((n) => newBatch({ tenantId, group, n, rateKey: '' }));
}
const seal = ({ tenantId, group }: NewBatch) => queue.batches.seal(tenantId, group!.id);
const leaseOne = async () => {
  const { batches, leaseToken } = await queue.batches.lease(1);
  return { held: batches[0], leaseToken };
};

describe('a group', () => {
  it('counts recipients when batches come, each once, and when they end', async () => {
    const batches = campaign([100, 50]);
    await queue.batches.enqueue(...batches);
    await queue.batches.enqueue(...batches, batches[0]);
    expect(await groupRow()).toMatchObject({ total: 150, remaining: 150, dead: 0 });
    const { held, leaseToken } = await leaseOne();
    await queue.batches.finish(reportOf(held, leaseToken, times(held.n)));
    expect(await groupRow()).toMatchObject({ total: 150, remaining: 150 - held.n, dead: 0 });
  });

  it('is finished by its last end once it is sealed, and says so once', async () => {
    const [batch] = campaign([3]);
    await queue.batches.enqueue(batch);
    await seal(batch);
    await seal(batch);
    expect(await finished()).toEqual([]);
    const { held, leaseToken } = await leaseOne();
    const report = reportOf(held, leaseToken, ['delivered', 'bounced', 'failed']);
    await queue.batches.finish(report);
    await queue.batches.finish(report);
    const data = { group_id: batch.group!.id, kind: 'campaign', total: 3, dead: 1 };
    const events = await queue.published('job_group.finished.v1');
    expect(events).toEqual([{ tenant_id: batch.tenantId, key: batch.group!.id, data }]);
    validateEvent('penguinmails.job_group.finished.v1', data);
    expect((await groupRow()).finished_at).not.toBeNull();
  });

  it('is finished by its seal when all has ended, or when nothing was in it', async () => {
    const [batch] = campaign([2]);
    await queue.batches.enqueue(batch);
    const { held, leaseToken } = await leaseOne();
    await queue.batches.finish(reportOf(held, leaseToken, times(2)));
    expect(await finished()).toEqual([]);
    await seal(batch);
    await seal(batch);
    const [empty] = campaign([1]);
    await seal(empty);
    await seal(empty);
    expect(await finished()).toMatchObject([{ total: 2 }, { total: 0, dead: 0 }]);
  });

  it('takes nothing more once it is sealed: the enqueue fails as a whole', async () => {
    const [batch, late] = campaign([2, 2]);
    await queue.batches.enqueue(batch);
    await seal(batch);
    await expect(queue.batches.enqueue(newBatch(), late)).rejects.toMatchObject({
      slug: 'group-sealed',
    });
    expect(await queue.rows('SELECT FROM job_batches')).toHaveLength(1);
    await expect(queue.batches.enqueue(batch)).resolves.toBe(0);
  });

  it('waits for recipients that left their batch, and counts how their own job ends', async () => {
    const [batch] = campaign([3]);
    await queue.batches.enqueue(batch);
    await seal(batch);
    const { held, leaseToken } = await leaseOne();
    await queue.batches.finish(reportOf(held, leaseToken, ['deferred', 'delivered', 'deferred']));
    expect(await groupRow()).toMatchObject({ remaining: 2, finished_at: null });
    await queue.makeDue();
    const { jobs, leaseToken: token } = await queue.lease(10);
    await queue.finishJobs.execute([resultOf(jobs[0], token, { kind: 'deferred', code: 451 })]);
    expect(await groupRow()).toMatchObject({ remaining: 2 });
    await queue.finishJobs.execute([resultOf(jobs[1], token, { kind: 'failed', code: 550 })]);
    expect(await groupRow()).toMatchObject({ remaining: 1, dead: 1, finished_at: null });
    await queue.makeDue();
    await queue.tryOnce();
    expect(await finished()).toMatchObject([{ total: 3, dead: 1 }]);
  });

  it.each([
    ['is cancelled', 0],
    ['is buried with its worker', 4],
  ])('counts a batch that %s', async (how, dead) => {
    const [batch] = campaign([4]);
    await queue.batches.enqueue(batch);
    await seal(batch);
    if (how === 'is cancelled') await queue.batches.cancel(batch);
    else {
      await leaseOne();
      await tick();
      await queue.admin.query(
        `UPDATE job_batches SET lease_losses = 19,
           lease_expires_at = lease_expires_at - interval '31 s'`,
      );
      await tick();
    }
    expect(await finished()).toMatchObject([{ total: 4, dead }]);
  });

  it('counts single jobs however they end, and a redriven one not again', async () => {
    const emails = Array.from({ length: 4 }, () => acceptedEmail({}, newId()));
    await queue.accept(emails);
    const id = newId();
    await queue.admin.query('UPDATE job_queue SET group_id = $1', [id]);
    const additions = emails.map(({ tenantId }) => ({
      ...{ tenantId, groupId: id, kind: 'import', count: 1 },
    }));
    await queue.db.system.transaction((tx) => queue.groups.added(tx, additions));
    for (const { tenantId } of emails) await queue.batches.seal(tenantId, id);
    await queue.withdraw([emails[0]]);
    const { jobs, leaseToken } = await queue.lease(10);
    const [first, second, third] = jobs;
    await queue.finishJobs.execute([
      resultOf(first, leaseToken),
      resultOf(second, leaseToken, { kind: 'failed', code: 550 }),
    ]);
    await queue.admin.query('UPDATE job_queue SET lease_losses = 19');
    await tick();
    await queue.letLeasesAge(31);
    await tick();
    expect(third).toBeDefined();
    expect((await finished()).map((data) => data.dead).sort()).toEqual([0, 0, 1, 1]);
    await queue.admin.query(
      `INSERT INTO job_queue (tenant_id, id, job_type, payload, group_id, redriven_from,
         root_job_id, redrives)
       VALUES ($1, $2, 'send_email', '{}', $3, $4, $4, 1)`,
      [second.tenantId, newId(), id, second.jobId],
    );
    await lookAgain(queue);
    await queue.tryOnce();
    expect(await finished()).toHaveLength(4);
  });

  it('counts a job that somebody cancels, and one that waited too long', async () => {
    const emails = [acceptedEmail({}, newId()), acceptedEmail({}, newId())];
    await queue.accept(emails);
    const id = newId();
    await queue.admin.query('UPDATE job_queue SET group_id = $1', [id]);
    for (const { tenantId } of emails) {
      const addition = { tenantId, groupId: id, kind: 'import', count: 1 };
      await queue.db.system.transaction((tx) => queue.groups.added(tx, [addition]));
      await queue.batches.seal(tenantId, id);
    }
    await queue.cancelJob.execute(emails[0].tenantId, emails[0].data.email_id);
    expect(await finished()).toHaveLength(1);
    await queue.admin.query(`UPDATE job_queue SET expires_at = now() - interval '1 s'`);
    await queue.expireJobs.execute();
    expect(await finished()).toMatchObject([{ dead: 0 }, { dead: 0 }]);
  });
});

/** Numbers that are random and can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const KINDS: BatchOutcome[] = [
  'delivered',
  'bounced',
  'failed',
  'unknown',
  'deferred',
  'cancelled',
];

/** A worker that reports in steps, sometimes twice, and sometimes dies. */
async function workOn(
  engine: QueueEngine['batches'],
  { held, leaseToken }: { held: LeasedBatch; leaseToken: string },
  random: () => number,
  late: BatchReport[],
): Promise<void> {
  let from = held.resumeAt;
  for (;;) {
    const n = Math.min(held.leaseTo - from, 1 + Math.floor(random() * 20));
    const outcomes = Array.from({ length: n }, () => KINDS[Math.floor(random() * KINDS.length)]);
    const report = reportOf(held, leaseToken, outcomes, { from });
    if (random() < 0.2) {
      late.push(report);
      await letLeaseRunOut(held);
      return;
    }
    from += n;
    const send = from === held.leaseTo || random() < 0.2 ? engine.finish : engine.checkpoint;
    await Promise.all(random() < 0.3 ? [send(report), send(report)] : [send(report)]);
    late.push(report);
    if (send === engine.finish) return;
  }
}

const letLeaseRunOut = ({ tenantId, batchId }: LeasedBatch) =>
  queue.admin.query(
    `UPDATE job_batches SET lease_expires_at = lease_expires_at - interval '31 s'
     WHERE tenant_id = $1 AND id = $2`,
    [tenantId, batchId],
  );

/** Waits for nobody: the workers lock the same rows in their own order. */
const MAKE_DUE = `
WITH later AS (
  SELECT tenant_id, id FROM job_batches WHERE scheduled_at > now() FOR UPDATE SKIP LOCKED
)
UPDATE job_batches b SET scheduled_at = now() FROM later l
WHERE b.tenant_id = l.tenant_id AND b.id = l.id`;

/**
 * Sends a whole campaign with several workers that die, repeat themselves and report late, while it is
 * being launched and sealed.
 */
async function sendCampaign(seed: number, engine: QueueEngine['batches']): Promise<NewBatch[]> {
  const random = randomFrom(seed);
  const batches = campaign(Array.from({ length: 12 }, () => 1 + Math.floor(random() * 60)));
  const late: BatchReport[] = [];
  await tick();
  const launch = async () => {
    for (let at = 0; at < batches.length; at += 4)
      await engine.enqueue(...batches.slice(0, at + 4));
    await Promise.all([seal(batches[0]), seal(batches[0])]);
  };
  let launched = false;
  const isOver = async () => launched && (await queue.rows('SELECT FROM job_batches')).length === 0;
  const work = async () => {
    while (!(await isOver())) {
      const { batches: got, leaseToken } = await engine.lease(2);
      for (const held of got) await workOn(engine, { held, leaseToken }, random, late);
      for (const report of late.splice(0, 3)) await engine.finish(report);
      await tick();
      await queue.admin.query(MAKE_DUE);
      engine.ready.wake();
    }
  };
  const all = await Promise.allSettled([
    launch().finally(() => (launched = true)),
    ...[work(), work(), work()],
  ]);
  for (const each of all) if (each.status === 'rejected') throw each.reason;
  return batches;
}

/** Single jobs of the campaign, all tried until they end. */
async function sendSingles(): Promise<void> {
  while ((await queue.rows('SELECT FROM job_queue')).length > 0) {
    await queue.makeDue();
    const { jobs, leaseToken } = await queue.lease(100);
    const results = jobs.map((job, at) =>
      resultOf(job, leaseToken, at % 3 === 0 ? { kind: 'failed', code: 550 } : {}),
    );
    await Promise.all([queue.finishJobs.execute(results), queue.finishJobs.execute(results)]);
  }
}

/** Everything that must hold after a campaign is over. */
async function assertCountedOnce(batches: readonly NewBatch[]): Promise<void> {
  const total = batches.reduce((sum, { n }) => sum + n, 0);
  const history = await queue.rows<{ outcomes: Buffer }>('SELECT outcomes FROM batch_history');
  const inBatches = history.map(({ outcomes }) => countEnds(outcomes));
  const [{ singles, dead }] = await queue.rows<{ singles: number; dead: number }>(
    `SELECT count(*)::int AS singles, count(*) FILTER (WHERE status = 'dead')::int AS dead
     FROM job_history`,
  );
  const deadInBatches = inBatches.reduce((sum, ends) => sum + ends.dead, 0);
  expect(inBatches.reduce((sum, { ended }) => sum + ended, 0) + singles).toBe(total);
  expect(await groupRow()).toMatchObject({ total, remaining: 0, dead: dead + deadInBatches });
  expect(await finished()).toEqual([
    { group_id: batches[0].group!.id, kind: 'campaign', total, dead: dead + deadInBatches },
  ]);
  expect(await queue.rows('SELECT FROM dead_letters')).toHaveLength(dead + deadInBatches);
}

describe('a campaign with workers that die, repeat themselves and report late', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'seed %i: each recipient counts once, and its end is said once',
    async (seed) => {
      const batches = await sendCampaign(seed, queue.batches);
      await sendSingles();
      await assertCountedOnce(batches);
    },
    240_000,
  );

  it('would be counted wrong by a finish that counts before it looks at the token', async () => {
    const countsAll: QueueEngine['batches'] = {
      ...queue.batches,
      finish: async (report) => {
        const answer = await queue.batches.finish(report);
        const [batch] = answer.refused;
        if (batch) await countAgain(report);
        return answer;
      },
    };
    const sent = sendCampaign(1, countsAll).then(async (batches) => {
      await sendSingles();
      await assertCountedOnce(batches);
    });
    await expect(sent).rejects.toThrow();
  }, 240_000);
});

/** The fault that fencing prevents: an end is counted of which the row knows nothing. */
async function countAgain({ tenant_id: tenantId, outcomes }: BatchReport): Promise<void> {
  const [{ id: groupId }] = await queue.rows<{ id: string }>('SELECT id FROM job_groups');
  await queue.db.system.transaction((tx) =>
    queue.groups.ended(tx, [{ tenantId, groupId, ended: outcomes.length, dead: 0 }]),
  );
}
