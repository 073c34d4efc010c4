import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { awayFromMidnight, eventually, explainPrepared } from '@penguinmails/testing';
import type { LaneQuota } from '../../src/lane/lane-directory.js';
import type { LeasedJob } from '../../src/lease/leased-job.js';
import { bucketOf } from '../../src/limit/limit-rules.js';
import { lookAgain, type QueueEngine, resultOf, startQueueEngine, TYPES } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(async () => {
  await queue.empty();
  await awayFromMidnight();
}, 120_000);

interface Rows {
  readonly n: number;
  readonly mailbox?: string;
  readonly domain?: string;
  readonly priority?: number;
  /** Seconds from now. */
  readonly dueIn?: number;
}

/** Jobs by plain SQL: nobody gives a sign of them. */
const insert = (tenant: string, { n, mailbox = '', domain, priority = 0, dueIn = -1 }: Rows) =>
  queue.rows(
    `INSERT INTO job_queue (tenant_id, id, job_type, payload, rate_key, domain_key, priority, scheduled_at)
     SELECT $1, gen_random_uuid(), 'send_email', '{}', $2, $3, $4, now() + $5 * interval '1 second'
     FROM generate_series(1, $6)`,
    [tenant, mailbox, domain ?? null, priority, dueIn, n],
  );

const limit = (tenant: string, key: string, fields: Record<string, unknown>) =>
  queue.rows(
    `INSERT INTO rate_limits (tenant_id, limit_key, ${Object.keys(fields).join(', ')})
     VALUES ($1, $2, ${Object.keys(fields).map((_name, at) => `$${at + 3}`)})`,
    [tenant, key, ...Object.values(fields)],
  );

const claimer = () => ({ workerId: 'w', leaseToken: newId(), leaseMs: 30_000 });
type Replica = Pick<QueueEngine, 'claims' | 'ready' | 'laneLook'>;

/** Claims at once what another process, or a hand with psql, has put there. */
const claim = async (max: number, replica: Replica = queue) => {
  await lookAgain(replica);
  return replica.claims.execute(TYPES, max, claimer());
};

/** Claims until nothing is left that may be claimed now. */
async function claimAll(max = 500, replica: Replica = queue) {
  const jobs = [];
  for (let taken = await claim(max, replica); taken.length > 0; taken = await claim(max, replica))
    jobs.push(...taken);
  return jobs;
}

describe('a job that plain SQL has inserted', () => {
  it('with nothing but columns of the seed, by a tenant, is executed for that tenant', async () => {
    const tenant = newId();
    const waiting = queue.lease(10, 'worker', 45_000);
    const inserted = await queue.db.tenants.transaction(tenant, (tx) =>
      tx.query<{ id: string }>(
        `INSERT INTO job_queue (job_type, payload, scheduled_at) VALUES ('send_email', '{}', now())
         RETURNING id`,
      ),
    );
    const { jobs, leaseToken } = await waiting;
    expect(jobs).toMatchObject([{ tenantId: tenant, jobId: inserted.rows[0].id, attempt: 1 }]);
    await queue.finishJobs.execute([resultOf(jobs[0], leaseToken)]);
    await expect(queue.getJob.execute(tenant, jobs[0].jobId)).resolves.toMatchObject({
      status: 'completed',
      attempts: 1,
      max_attempts: 3,
    });
  });

  it('is found by a worker that waits already', async () => {
    const waiting = queue.lease(10, 'worker', 45_000);
    await insert(newId(), { n: 3 });
    expect((await waiting).jobs).toHaveLength(3);
  });

  it('is found when it falls due, by the clock of the database', async () => {
    await insert(newId(), { n: 1, dueIn: 60 });
    expect(await claim(10)).toHaveLength(0);
    await queue.rows(`UPDATE job_queue SET scheduled_at = now() + interval '2 s'`);
    expect((await queue.lease(10, 'worker', 45_000)).jobs).toHaveLength(1);
    expect(await queue.rows('SELECT started_at >= scheduled_at AS due FROM job_queue')).toEqual([
      { due: true },
    ]);
  });
});

describe('the fair share', () => {
  it('gives a neighbour its part as soon as it is noticed, whatever waits before', async () => {
    const [rich, poor] = [newId(), newId()];
    await insert(rich, { n: 20_000, priority: 9 });
    expect(await claim(500)).toHaveLength(500);
    await insert(poor, { n: 100 });
    // In time for many more looks before the other one's jobs are used up.
    const next = await eventually(
      async () => {
        const jobs = await claim(200);
        return jobs.some((job) => job.tenantId === poor) && jobs;
      },
      { intervalMs: 100 },
    );
    expect(next.filter((job) => job.tenantId === poor)).toHaveLength(100);
    expect(next).toHaveLength(200);
    expect(await queue.rows("SELECT FROM job_queue WHERE status = 'pending'")).not.toHaveLength(0);
  });

  it('is the same at every replica, and nothing is given twice', async () => {
    const tenants = Array.from({ length: 5 }, () => newId());
    for (const tenant of tenants) await insert(tenant, { n: 400 });
    const replicas = [queue, queue.anotherReplica(), queue.anotherReplica()];
    const jobs = (await Promise.all(replicas.map((each) => claimAll(100, each)))).flat();
    expect(new Set(jobs.map((job) => job.jobId)).size).toBe(2_000);
    expect(jobs).toHaveLength(2_000);
  });

  it('keeps the order of a tenant: priority, then time, then id', async () => {
    const tenant = newId();
    await insert(tenant, { n: 3, dueIn: -10, mailbox: 'm1' });
    await insert(tenant, { n: 3, dueIn: -20 });
    await insert(tenant, { n: 3, priority: 5 });
    const jobs = await claim(100);
    const order = jobs.map((job) => [-job.priority, job.scheduledAt, job.jobId].join());
    expect(order).toEqual([...order].sort());
    expect(jobs.map((job) => job.priority)).toEqual([5, 5, 5, 0, 0, 0, 0, 0, 0]);
    expect(jobs.at(-1)!.rateKey).toBe('m1');
  });
});

describe('a held snapshot', () => {
  it('does not make claims read again what was claimed before', async () => {
    await insert(newId(), { n: 3_000 });
    const reader = await queue.admin.connect();
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT count(*) FROM job_queue');
    for (let taken = 0; taken < 2_900; taken += 100) await claim(100);
    const [{ quota }] = queue.directory.plan(TYPES, 100);
    const fromCursor = await buffersOf(quota);
    const fromFront = await buffersOf({ ...quota, after: null });
    await reader.query('ROLLBACK');
    reader.release();
    expect(fromCursor * 5).toBeLessThan(fromFront);
  });

  /** Pages that a claim touches while it looks for its jobs. */
  const buffersOf = (quota: LaneQuota) =>
    queue.db.system.transaction(async (tx) => {
      let plan = '';
      const query = async (text: string, values?: readonly unknown[]) => {
        const options = 'ANALYZE, BUFFERS, COSTS OFF, TIMING OFF';
        const rows = await explainPrepared(
          (sql) => tx.query(sql),
          'generic',
          options,
          text,
          values,
        );
        plan = (rows as { 'QUERY PLAN': string }[]).map((row) => row['QUERY PLAN']).join('\n');
        return { rows: [], rowCount: 0 };
      };
      await queue.repositories.lanes.claim({ ...tx, query } as never, [quota], claimer());
      await tx.query('ROLLBACK AND CHAIN');
      return Number(/Index Scan using idx_job_queue_lanes[\s\S]*?hit=(\d+)/.exec(plan)![1]);
    });
});

describe('a pause', () => {
  const tenant = newId();
  const pauses: [string, string, string][] = [
    [
      'type',
      `INSERT INTO queue_controls (job_type, paused) VALUES ('send_email', true)`,
      'DELETE FROM queue_controls',
    ],
    [
      'tenant',
      `INSERT INTO lane_pauses (tenant_id) VALUES ('${tenant}')`,
      'DELETE FROM lane_pauses',
    ],
    [
      'mailbox',
      `INSERT INTO lane_pauses (tenant_id, rate_key) VALUES ('${tenant}', 'm1')`,
      'DELETE FROM lane_pauses',
    ],
  ];

  it.each(pauses)(
    'of a %s counts from its commit, keeps every job and starves no other',
    async (what, pause, resume) => {
      await insert(tenant, { n: 2_000, mailbox: 'm1' });
      await insert(tenant, { n: 5, mailbox: 'm2' });
      await insert(newId(), { n: 5 });
      expect(await claim(10)).toHaveLength(10);
      await queue.rows(pause);
      const meanwhile = await claimAll();
      expect(meanwhile.filter((job) => job.rateKey === 'm1')).toHaveLength(0);
      const others = { type: 0, tenant: 5, mailbox: 10 }[what]!;
      const [{ left }] = await queue.rows<{ left: number }>(LEFT);
      expect(meanwhile.length + 10).toBeGreaterThanOrEqual(others);
      await queue.rows(resume);
      expect(await claimAll()).toHaveLength(left);
    },
  );

  const LEFT = "SELECT count(*)::int AS left FROM job_queue WHERE status = 'pending'";
});

describe('a limit', () => {
  const letMinutesPass = (seconds: number) =>
    queue.rows(
      `UPDATE rate_buckets SET refilled_at = refilled_at - $1 * interval '1 second',
         reserved_until = reserved_until - $1 * interval '1 second'`,
      [seconds],
    );

  it('of a mailbox lets its burst through and then the rest as time passes, at all replicas together', async () => {
    const tenant = newId();
    await limit(tenant, 'mailbox:m1', { per_minute: 100 });
    await insert(tenant, { n: 500, mailbox: 'm1' });
    await insert(tenant, { n: 20, mailbox: 'm2' });
    const replicas = [queue, queue.anotherReplica(), queue.anotherReplica()];
    const first = await whileTimed(async () =>
      (await Promise.all(replicas.map((each) => claimAll(500, each)))).flat(),
    );
    expect(first.jobs.filter((job) => job.rateKey === 'm2')).toHaveLength(20);
    expectBurst(first, 100);
    await letMinutesPass(30);
    expectBurst(await whileTimed(() => claimAll(500, queue.anotherReplica())), 100);
  });

  /** Jobs, and how many seconds it took to claim them. */
  const whileTimed = async (claimed: () => Promise<LeasedJob[]>) => {
    const since = performance.now();
    return { jobs: await claimed(), seconds: (performance.now() - since) / 1_000 };
  };

  /** Of mailbox m1 the burst went, and no more than what came on top while it was claimed. */
  const expectBurst = (
    { jobs, seconds }: Awaited<ReturnType<typeof whileTimed>>,
    perMinute: number,
  ) => {
    const { burst, perSecond } = bucketOf(perMinute);
    const went = jobs.filter((job) => job.rateKey === 'm1').length;
    expect(went).toBeGreaterThanOrEqual(burst);
    expect(went).toBeLessThanOrEqual(Math.floor(burst + seconds * perSecond));
  };

  it('of a day binds over all priorities, and a new day begins with nothing used', async () => {
    const tenant = newId();
    await limit(tenant, 'tenant', { per_day: 7 });
    await insert(tenant, { n: 5, mailbox: 'm1', priority: 3 });
    await insert(tenant, { n: 5, mailbox: 'm2' });
    const today = await claimAll(500, queue.anotherReplica());
    expect(today.map((job) => job.priority).sort()).toEqual([0, 0, 3, 3, 3, 3, 3]);
    await queue.rows(
      "UPDATE rate_buckets SET day = day - 1, used_today = 7 WHERE limit_key = 'tenant'",
    );
    expect(await claimAll(500, queue.anotherReplica())).toHaveLength(3);
  });

  it('get back what was claimed for a worker that hung up', async () => {
    const tenant = newId();
    for (const key of ['tenant', 'mailbox:m1', 'domain:*'])
      await limit(tenant, key, { per_day: 50 });
    await insert(tenant, { n: 20, mailbox: 'm1', domain: 'd1' });
    const hungUp = new AbortController();
    hungUp.abort();
    await lookAgain(queue);
    const request = { worker_id: 'gone', types: TYPES, max: 20, wait_ms: 0 };
    expect((await queue.leaseJobs.execute(request, hungUp.signal)).jobs).toEqual([]);
    const used = `SELECT limit_key, used_today FROM rate_buckets WHERE tenant_id = $1
      ORDER BY limit_key`;
    expect(await queue.rows(used, [tenant])).toEqual(
      ['domain:d1', 'mailbox:m1', 'tenant'].map((key) => ({ limit_key: key, used_today: 0 })),
    );
  });

  it('of a warm-up follows its curve', async () => {
    const tenant = newId();
    await limit(tenant, 'mailbox:m1', {
      warmup_started_on: new Date(Date.now() - 86_400_000).toISOString().slice(0, 10),
      warmup_curve: [2, 4, 8],
    });
    await insert(tenant, { n: 20, mailbox: 'm1' });
    expect(await claimAll(500, queue.anotherReplica())).toHaveLength(4);
  });

  it('of a recipient domain puts off what is too much and lets the others of the lane pass', async () => {
    const tenant = newId();
    await limit(tenant, 'domain:*', { per_minute: 60 });
    await insert(tenant, { n: 50, mailbox: 'm1', domain: 'big', dueIn: -60 });
    await insert(tenant, { n: 10, mailbox: 'm1' });
    const [{ before }] = await queue.rows<{ before: string }>('SELECT now()::text AS before');
    const { jobs, seconds } = await whileTimed(() => claimAll(500, queue.anotherReplica()));
    const { burst, perSecond } = bucketOf(60);
    const big = jobs.filter((job) => job.domainKey === 'big').length;
    expect(big).toBeGreaterThanOrEqual(burst);
    expect(big).toBeLessThanOrEqual(Math.floor(burst + seconds * perSecond));
    expect(jobs.filter((job) => job.domainKey === null)).toHaveLength(10);
    const [waiting] = await queue.rows(
      `SELECT count(*)::int AS n, count(DISTINCT scheduled_at)::int AS slots,
         bool_and(limited_by = 'recipient_domain' AND scheduled_at > $1) AS told
       FROM job_queue WHERE status = 'pending'`,
      [before],
    );
    expect(waiting).toEqual({ n: 50 - big, slots: 50 - big, told: true });
  });

  it('is not used by a job that was given back unbegun', async () => {
    const tenant = newId();
    await limit(tenant, 'mailbox:m1', { per_day: 5 });
    await insert(tenant, { n: 8, mailbox: 'm1' });
    const replica = queue.anotherReplica();
    const claimed = claimer();
    await lookAgain(replica);
    const jobs = await replica.claims.execute(TYPES, 500, claimed);
    expect(jobs).toHaveLength(5);
    const now = new Date().toISOString();
    const results = jobs.slice(0, 3).map((job) => ({
      ...{ tenant_id: tenant, job_id: job.jobId, lease_token: claimed.leaseToken },
      ...{
        kind: 'returned' as const,
        code: null,
        enhanced_code: null,
        error_code: null,
        reply: null,
      },
      ...{ started_at: now, finished_at: now },
    }));
    await replica.finishJobs.execute(results);
    expect(await claimAll(500, queue.anotherReplica())).toHaveLength(3);
  });

  it('gets back of a day only what was claimed on it: midnight makes no room for more', async () => {
    const tenant = newId();
    await limit(tenant, 'tenant', { per_day: 20 });
    await insert(tenant, { n: 8 });
    await lookAgain(queue);
    const { jobs, leaseToken } = await queue.lease(8);
    const giveBack = (from: number, to: number) =>
      queue.finishJobs.execute(
        jobs.slice(from, to).map((job) => resultOf(job, leaseToken, { kind: 'returned' })),
      );
    const usedToday = () =>
      queue.rows('SELECT used_today AS used FROM rate_buckets WHERE tenant_id = $1', [tenant]);
    await giveBack(0, 2);
    expect(await usedToday()).toEqual([{ used: 6 }]);
    await queue.rows(
      `UPDATE job_queue SET started_at = started_at - interval '1 day' WHERE id = ANY($1)`,
      [[jobs[2].jobId, jobs[4].jobId]],
    );
    await giveBack(2, 5);
    expect(await usedToday()).toEqual([{ used: 5 }]);
    await queue.rows('UPDATE rate_buckets SET day = day + 1, used_today = 4');
    await giveBack(5, 8);
    expect(await usedToday()).toEqual([{ used: 4 }]);
    expect(await queue.rows("SELECT FROM job_queue WHERE status = 'running'")).toEqual([]);
  });

  it('that was lifted holds nothing back any more', async () => {
    const tenant = newId();
    await limit(tenant, 'mailbox:m1', { per_day: 1 });
    await insert(tenant, { n: 3, mailbox: 'm1' });
    expect(await claimAll()).toHaveLength(1);
    await queue.rows('DELETE FROM rate_limits');
    const left = queue.lease(10, 'worker', 45_000);
    queue.ready.wake();
    expect((await left).jobs).toHaveLength(2);
  });
});
