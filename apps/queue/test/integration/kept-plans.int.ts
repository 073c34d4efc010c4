import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { type Database, openDatabase, type SystemTransaction } from '@penguinmails/database';
import { patientPools } from '@penguinmails/testing';
import { queueDatabaseSettings } from '../../src/persistence/queue-database.js';
import { type QueueEngine, resultOf, startQueueEngine } from './queue-engine.js';

/**
 * A named statement's plan is made once per session and kept. A queue is empty most of the time, and is
 * vacuumed when it is: here every plan is made beside one job in a table that was vacuumed while it was
 * empty, and used when many wait, before anybody has analysed them.
 */
const MANY = 10_000;
const SOME = 50;
const LANE = { tenantId: newId(), type: 'send_email', rateKey: '', priority: 0 };

let queue: QueueEngine;
let database: Database;
beforeAll(async () => {
  queue = await startQueueEngine();
  await queue.admin.query('ALTER TABLE job_queue SET (autovacuum_enabled = off)');
});
afterAll(() => queue.stop());
beforeEach(async () => {
  const secret = (value: string) => ({ reveal: () => value });
  const { appUrl, systemUrl } = queue.database;
  const settings = patientPools(
    queueDatabaseSettings({
      url: secret(appUrl),
      systemUrl: secret(systemUrl),
      pooled: false,
    }),
  );
  database = openDatabase({ ...settings, system: { ...settings.system, max: 1 } });
  await queue.empty();
  await queue.admin.query('VACUUM (ANALYZE) job_queue');
});
afterEach(() => database.close());

const insert = (count: number) =>
  queue.admin.query(
    `INSERT INTO job_queue (tenant_id, job_type, payload, scheduled_at)
     SELECT $1, 'send_email', '{}', now() - n * interval '1 millisecond'
     FROM generate_series(1, $2::int) AS n`,
    [LANE.tenantId, count],
  );

/** Rows of the hot table that this transaction has read. */
async function readRows(tx: SystemTransaction): Promise<number> {
  const { rows } = await tx.query<{ n: string }>(
    `SELECT idx_tup_fetch + seq_tup_read AS n FROM pg_stat_xact_user_tables
     WHERE relname = 'job_queue'`,
  );
  return Number(rows[0].n);
}

/** Leases up to `most` jobs of the lane; then `use`s them. Nothing is kept. */
const leased = <T>(
  most: number,
  use: (tx: SystemTransaction, results: ReturnType<typeof resultOf>[]) => Promise<T>,
): Promise<T> =>
  database.system.transaction(async (tx) => {
    const leaseToken = newId();
    const claimer = { leaseToken, leaseMs: 30_000, workerId: 'w' };
    const quotas = [{ ...LANE, after: null, most }];
    const jobs = await queue.repositories.lanes.claim(tx, quotas, claimer);
    expect(jobs).toHaveLength(most);
    const result = await use(
      tx,
      jobs.map((job) => resultOf(job, leaseToken)),
    );
    await tx.query('ROLLBACK AND CHAIN');
    return result;
  });

const end = { status: 'completed', outcome: 'delivered', attempts: 1, leaseLosses: 0 } as const;
const uses: [string, (tx: SystemTransaction, results: ReturnType<typeof resultOf>[]) => unknown][] =
  [
    ['claimed', () => undefined],
    ['completed', (tx, results) => queue.repositories.finish.complete(tx, results)],
    ['locked', (tx, results) => queue.repositories.finish.lockHeld(tx, results)],
    [
      'ended',
      (tx, results) =>
        queue.repositories.endings.end(
          tx,
          results.map(({ tenant_id, job_id }) => ({
            ...{ tenantId: tenant_id, jobId: job_id, ...end },
            ...{ errorCode: null, errorMessage: null },
          })),
        ),
    ],
  ];

describe('with plans of an empty queue, jobs of a long one', () => {
  it.each(uses)('are %s without a look at others', async (_what, use) => {
    const read = (most: number) =>
      leased(most, async (tx, results) => {
        await use(tx, results);
        return readRows(tx);
      });
    await insert(1);
    await read(1);
    await insert(MANY);
    expect(await read(SOME)).toBeLessThan(10 * SOME);
  });

  it('are looked at by the clock only when they run', async () => {
    const round = () =>
      database.system.transaction(async (tx) => {
        await queue.repositories.calm.round(tx, 'replica');
        return readRows(tx);
      });
    await queue.rescueJobs.execute('replica');
    await insert(1);
    await round();
    await insert(MANY);
    expect(await round()).toBeLessThan(10);
  });

  it('are found by their lane', async () => {
    const look = () =>
      database.system.transaction(async (tx) => {
        const lanes = await queue.repositories.lanes.look(tx);
        expect(lanes).toMatchObject([LANE]);
        return readRows(tx);
      });
    await insert(1);
    await look();
    await insert(MANY);
    expect(await look()).toBeLessThan(10);
  });
});
