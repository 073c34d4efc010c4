import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import { awayFromMidnight, explainPrepared, type PlanMode, planModes } from '@penguinmails/testing';
import { GroupSystemRepository } from '../../src/group/group.system.repository.js';
import { newBatch } from './batch-engine.js';
import { type QueueEngine, startQueueEngine } from './queue-engine.js';

const WAITING = 20_000;
const RUNNING = 50;
const CLAIM = 10;
const LANE = { tenantId: newId(), type: 'send_wave', rateKey: '', priority: 0 };

let queue: QueueEngine;
let keys: { tenantId: string; batchId: string; leaseToken: string }[];

/** Statistics from before the rush: the planner believes that the tables are empty. */
beforeAll(async () => {
  queue = await startQueueEngine();
  for (const table of ['job_batches', 'job_groups']) {
    await queue.admin.query(`ALTER TABLE ${table} SET (autovacuum_enabled = false)`);
    await queue.admin.query(`ANALYZE ${table}`);
  }
  await queue.admin.query(
    `INSERT INTO job_batches (tenant_id, id, job_type, item_type, n, scheduled_at)
     SELECT CASE WHEN n % 2 = 0 THEN $2 ELSE gen_random_uuid() END,
       (left(gen_random_uuid()::text, 32) || '0000')::uuid, 'send_wave', 'send_email', 500,
       now() - n * interval '1 millisecond'
     FROM generate_series(1, $1) AS n`,
    [WAITING, LANE.tenantId],
  );
  await queue.admin.query(
    `INSERT INTO job_groups (tenant_id, id, kind, total, remaining)
     SELECT gen_random_uuid(), gen_random_uuid(), 'campaign', 9, 9 FROM generate_series(1, $1)`,
    [WAITING],
  );
  const { batches, leaseToken } = await queue.batches.lease(RUNNING);
  keys = batches.map(({ tenantId, batchId }) => ({ tenantId, batchId, leaseToken }));
});
afterAll(() => queue.stop());

/** The plan, with what it really read, of the one statement that `run` sends; nothing is kept. */
async function planOf(
  run: (tx: SystemTransaction) => Promise<unknown>,
  mode: PlanMode,
): Promise<string> {
  let plan = '';
  await queue.db.system.transaction(async (tx) => {
    const explain: SystemTransaction['query'] = async (text, values) => {
      const options = 'ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF';
      const rows = await explainPrepared((sql) => tx.query(sql), mode, options, text, values);
      plan = (rows as { 'QUERY PLAN': string }[]).map((row) => row['QUERY PLAN']).join('\n');
      return { rows: [], rowCount: 0 };
    };
    await run({ ...tx, query: explain });
    await tx.query('ROLLBACK AND CHAIN');
  });
  return plan;
}

describe.each(planModes)('with stale statistics and many batches, %s plan', (mode) => {
  const ten = Buffer.alloc(10, 1);
  const all = Buffer.alloc(500, 1);
  const step = { added: ten, isReleased: true, returns: 0, delaySeconds: null };
  const end = { status: 'completed', outcomes: all, attempts: 1, leaseLosses: 0 } as const;

  it.each<[string, (tx: SystemTransaction) => Promise<unknown>]>([
    ['renewing', (tx) => queue.batches.repositories.leases.renew(tx, keys, 30_000)],
    ['giving back', (tx) => queue.batches.repositories.leases.giveBack(tx, keys)],
    ['locking', (tx) => queue.batches.repositories.reports.lockHeld(tx, keys)],
    ['withdrawing', (tx) => queue.batches.repositories.reports.lockWaiting(tx, keys)],
    [
      'a checkpoint',
      (tx) =>
        queue.batches.repositories.reports.append(
          tx,
          keys.map((key) => ({ ...key, from: 0, outcomes: ten })),
        ),
    ],
    [
      'a step',
      (tx) =>
        queue.batches.repositories.reports.step(
          tx,
          keys.map((key) => ({ ...key, ...step })),
        ),
    ],
    [
      'an end',
      (tx) =>
        queue.batches.repositories.reports.end(
          tx,
          keys.map((key) => ({ ...key, ...end })),
        ),
    ],
    [
      'losing leases',
      (tx) =>
        queue.batches.repositories.rescue.loseLeases(
          tx,
          keys.map((key) => ({ batch: key as never, inDoubtTo: 50 })),
        ),
    ],
  ])('%s finds its rows by their keys and reads no others', async (_what, run) => {
    const plan = await planOf(run, mode);
    expect(plan).toContain('job_batches_pkey');
    expect(plan).not.toContain('Seq Scan on job_batches');
  });

  it('counting the ends of a group finds it by its key', async () => {
    const [group] = await queue.rows<{ tenantId: string; groupId: string }>(
      'SELECT tenant_id AS "tenantId", id AS "groupId" FROM job_groups LIMIT 1',
    );
    const plan = await planOf(
      (tx) => new GroupSystemRepository().end(tx, [{ ...group, ended: 1, dead: 0 }]),
      mode,
    );
    expect(plan).toContain('job_groups_pkey');
    expect(plan).not.toContain('Seq Scan on job_groups');
  });

  it('a claim reads hardly more of the ready batches than it takes', async () => {
    const claimer = { leaseToken: newId(), leaseMs: 30_000, workerId: 'w' };
    const quotas = [{ ...LANE, after: null, most: CLAIM, recipients: 1_000_000 }];
    const plan = await planOf(
      (tx) => queue.batches.repositories.lanes.claim(tx, quotas, claimer),
      mode,
    );
    expect(plan).not.toContain('Seq Scan on job_batches');
    const [, read] = /idx_job_batches_lanes on job_batches b \(actual rows=(\d+)/.exec(plan)!;
    expect(Number(read)).toBeLessThan(2 * CLAIM);
  });
});

describe('the partitions of history', () => {
  beforeAll(() => awayFromMidnight(), 120_000);

  it('are searched for repeated batches by key, from the oldest birth until now', async () => {
    const batches = Array.from({ length: 50 }, () => ({
      ...newBatch(),
      ...{ itemType: 'send_email', maxAttempts: 12 },
    }));
    const birth = new Date(Date.now() - 3_600_000);
    const plan = await planOf(
      (tx) => queue.batches.repositories.enqueue.enqueue(tx, batches, birth),
      'custom',
    );
    const day = (days: number) =>
      new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
    expect(plan).toContain(`batch_history_p${day(0)}_pkey`);
    expect(plan).not.toContain(`batch_history_p${day(2)}`);
  });
});
