import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newEmailId, newId } from '@penguinmails/contracts';
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import { sendEmailJob } from '../../src/enqueue/new-job.js';
import { bornAfter } from '../../src/job/born-after.js';
import { type JobFilter, rangesOf } from '../../src/job/job-list.js';
import { JobListRepository } from '../../src/job/job-list.repository.js';
import { JobRepository } from '../../src/job/job.repository.js';
import { awayFromMidnight, explainPrepared, type PlanMode, planModes } from '@penguinmails/testing';
import { acceptedEmail, type QueueEngine, resultOf, startQueueEngine } from './queue-engine.js';

const WAITING = 20_000;
const RUNNING = 500;
const CLAIM = 100;
const LANE = { tenantId: newId(), type: 'send_email', rateKey: '', priority: 0 };

let queue: QueueEngine;
let keys: { tenantId: string; jobId: string; leaseToken: string }[];

/** Statistics from before the rush: the planner believes that hardly any row has any status. */
beforeAll(async () => {
  queue = await startQueueEngine();
  await queue.admin.query('ALTER TABLE job_queue SET (autovacuum_enabled = false)');
  await queue.admin.query('ANALYZE job_queue');
  await queue.admin.query(
    `INSERT INTO job_queue (tenant_id, id, job_type, payload, scheduled_at)
     SELECT CASE WHEN n % 2 = 0 THEN $2 ELSE gen_random_uuid() END, gen_random_uuid(),
       'send_email', '{}', now() - n * interval '1 millisecond'
     FROM generate_series(1, $1) AS n`,
    [WAITING, LANE.tenantId],
  );
  const { jobs, leaseToken } = await queue.lease(RUNNING);
  keys = jobs.map(({ tenantId, jobId }) => ({ tenantId, jobId, leaseToken }));
});
afterAll(() => queue.stop());

type Query = SystemTransaction['query'];

/** A row that every repository takes for an answer. */
const NOTHING = { lanes: [], ids: [], scheduledAt: [], places: [] };

/** The plan, with what it really read, of the one statement that `run` sends; nothing is kept. */
async function planOf<T extends SystemTransaction | TenantTransaction>(
  tx: T,
  run: (tx: T) => Promise<unknown>,
  mode: PlanMode = 'custom',
): Promise<string> {
  let plan = '';
  const explain: Query = async (text, values) => {
    const options = 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF';
    const rows = await explainPrepared((sql) => tx.query(sql), mode, options, text, values);
    plan = (rows as { 'QUERY PLAN': string }[]).map((row) => row['QUERY PLAN']).join('\n');
    return { rows: [NOTHING] as never[], rowCount: 1 };
  };
  await run({ ...tx, tenantId: 'tenantId' in tx ? tx.tenantId : undefined, query: explain });
  return plan;
}

const inSystem = (run: (tx: SystemTransaction) => Promise<unknown>, mode?: PlanMode) =>
  queue.db.system.transaction(async (tx) => {
    const plan = await planOf(tx, run, mode);
    await tx.query('ROLLBACK AND CHAIN');
    return plan;
  });

describe.each(planModes)('with stale statistics and a long queue, %s plan', (mode) => {
  const end = { status: 'completed', outcome: 'delivered', attempts: 1, leaseLosses: 0 } as const;
  const counts = { attempts: 1, unknownOutcomes: 0, delaySeconds: 60, returns: 0 };
  const recorded = { errorCode: null, errorMessage: null };

  it.each<[string, (tx: SystemTransaction) => Promise<unknown>]>([
    [
      'finishing',
      (tx) =>
        queue.repositories.finish.lockHeld(
          tx,
          keys.map((key) => resultOf(key, key.leaseToken)),
        ),
    ],
    [
      'completing',
      (tx) =>
        queue.repositories.finish.complete(
          tx,
          keys.map((key) => resultOf(key, key.leaseToken)),
        ),
    ],
    [
      'releasing',
      (tx) =>
        queue.repositories.finish.release(
          tx,
          keys.map((key) => ({ ...key, ...recorded, ...counts })),
        ),
    ],
    ['renewing', (tx) => queue.repositories.leases.renew(tx, keys, 30_000)],
    ['giving back', (tx) => queue.repositories.leases.giveBack(tx, keys, keys[0].leaseToken)],
    ['withdrawing', (tx) => queue.repositories.enqueue.lockWaiting(tx, keys)],
    ['losing leases', (tx) => queue.repositories.rescue.loseLeases(tx, keys)],
    [
      'ending',
      (tx) =>
        queue.repositories.endings.end(
          tx,
          keys.map((key) => ({ ...key, ...end, ...recorded })),
        ),
    ],
  ])('%s finds its rows by their keys and reads no others', async (_what, run) => {
    const plan = await inSystem(run, mode);
    expect(plan).toContain('job_queue_pkey');
    expect(plan).not.toContain('idx_job_queue_status_priority');
    expect(plan).not.toContain('Seq Scan on job_queue');
  });

  it('a calm round of the clock reads what runs and nothing that waits', async () => {
    await queue.rescueJobs.execute('replica');
    const plan = await inSystem((tx) => queue.repositories.calm.round(tx, 'replica'), mode);
    expect(plan).toContain('idx_job_queue_status_priority');
    expect(plan).toContain('idx_job_queue_expiry');
    expect(plan).not.toContain('Seq Scan on job_queue');
  });

  it('a claim reads hardly more of the ready jobs than it takes', async () => {
    const leaseToken = newId();
    const claimer = { leaseToken, leaseMs: 30_000, workerId: 'w' };
    const quotas = [{ ...LANE, after: null, most: CLAIM }];
    const plan = await inSystem((tx) => queue.repositories.lanes.claim(tx, quotas, claimer), mode);
    expect(plan).not.toContain('Seq Scan on job_queue');
    const [, read] = /idx_job_queue_lanes on job_queue q \(actual rows=(\d+)/.exec(plan)!;
    expect(Number(read)).toBeLessThan(2 * CLAIM);
  });
});

describe.each(planModes)('with statistics that know one lane only, %s plan', (mode) => {
  beforeAll(async () => {
    await queue.admin.query('DELETE FROM job_queue WHERE tenant_id <> $1', [LANE.tenantId]);
    await queue.admin.query('VACUUM (ANALYZE) job_queue');
  });

  it('a claim reads along the lane all the same', async () => {
    const claimer = { leaseToken: newId(), leaseMs: 30_000, workerId: 'w' };
    const quotas = [{ ...LANE, after: { at: '2026-01-01 00:00:00', id: newId() }, most: CLAIM }];
    const plan = await inSystem((tx) => queue.repositories.lanes.claim(tx, quotas, claimer), mode);
    expect(plan).toContain('idx_job_queue_lanes on job_queue q');
  });
});

const partition = (days: number) =>
  `_p${new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')}`;
/** Ids may come from clocks that are an hour ahead, so just after midnight yesterday counts. */
const isAfterMidnight = () => new Date().getUTCHours() < 2;

describe('a list of jobs', () => {
  beforeAll(() => awayFromMidnight(), 120_000);

  const look = (tenantId: string, filter: JobFilter) =>
    queue.db.tenants.transaction(tenantId, (tx) =>
      planOf(tx, (explaining) =>
        new JobListRepository().look(explaining, filter, rangesOf(filter, new Date())[0]),
      ),
    );

  it('reads no more of a long queue than its page, and of history the days that can hold it', async () => {
    const tenantId = newId();
    await queue.admin.query(
      `INSERT INTO job_queue (tenant_id, job_type, payload)
       SELECT $1, 'send_email', '{}' FROM generate_series(1, $2)`,
      [tenantId, WAITING],
    );
    const plan = await look(tenantId, { limit: 25 });
    expect(plan).not.toMatch(/Seq Scan on job_(queue|history)/);
    const [, read] = /job_queue_pkey on job_queue \(actual rows=(\d+)/.exec(plan)!;
    expect(Number(read)).toBeLessThanOrEqual(26);
    expect(plan).toContain(`job_history_completed${partition(0)}`);
    expect(plan).not.toContain(partition(2));
    const dead = await look(tenantId, { limit: 25, status: 'dead' });
    expect(dead).toContain(`job_history_dead${partition(0)}`);
    expect(dead).not.toMatch(/on job_(queue|history_completed)/);
  });
});

describe('the partitions of history', () => {
  beforeAll(() => awayFromMidnight(), 120_000);

  it('are searched for a job from its birth on', async () => {
    const id = newEmailId();
    const plan = await queue.db.tenants.transaction(newId(), (tx) =>
      planOf(tx, (explaining) => new JobRepository().find(explaining, id, bornAfter([id]))),
    );
    expect(plan).toContain(partition(0));
    expect(plan).not.toContain(partition(isAfterMidnight() ? -2 : -1));
  });

  it('are searched for repeated jobs by key, from the oldest birth until now', async () => {
    await queue.admin.query(
      `INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
         max_attempts, scheduled_at, created_at)
       SELECT gen_random_uuid(), gen_random_uuid(), 'send_email', 'default', 'cancelled',
         'cancelled', 0, 0, 12, now(), now()
       FROM generate_series(1, $1)`,
      [WAITING],
    );
    const jobs = Array.from({ length: 500 }, () => sendEmailJob(acceptedEmail()));
    const birth = bornAfter(jobs.map(({ jobId }) => jobId));
    const plan = await inSystem((tx) => queue.repositories.enqueue.enqueueNamed(tx, jobs, birth));
    expect(plan).toContain(`${partition(0)}_pkey`);
    expect(plan).not.toContain(partition(isAfterMidnight() ? -2 : -1));
    expect(plan).not.toContain(partition(2));
  });
});
