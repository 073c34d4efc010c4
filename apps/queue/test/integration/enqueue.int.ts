import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ContractViolationError, newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { isInfrastructure } from '@penguinmails/database';
import { eventually } from '@penguinmails/testing';
import type { JobRequest } from '../../src/enqueue/job-request.js';
import { type QueueEngine, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const TENANT = newId();
const asked = (more: Partial<JobRequest> = {}): JobRequest => ({
  tenantId: TENANT,
  type: 'maintenance',
  payload: {},
  ...more,
});
const enqueue = (...requests: JobRequest[]) =>
  queue.db.system.transaction((tx) => queue.enqueueJobs.enqueue(tx, requests));
const add = (more?: Partial<JobRequest>) => queue.addJob.execute(asked(more));
const hot = () => queue.rows('SELECT * FROM job_queue ORDER BY created_at, id');
const seconds = async (expression: string) =>
  (
    await queue.rows<{ s: number }>(
      `SELECT extract(epoch FROM ${expression})::float8 AS s FROM job_queue`,
    )
  ).map(({ s }) => Math.round(s));

describe('a job that is put into the queue', () => {
  it('gets from its type how often it is tried and how long it waits', async () => {
    const [id] = await enqueue(asked({ priority: 7, correlationId: 'c' }));
    expect(await hot()).toMatchObject([
      {
        id,
        tenant_id: TENANT,
        job_type: 'maintenance',
        payload: {},
        priority: 7,
        max_attempts: 3,
        rate_key: '',
        dedupe_key: null,
        correlation_id: 'c',
      },
    ]);
    expect(await seconds('expires_at - created_at')).toEqual([3600]);
  });

  it('waits from the time on for which it is scheduled', async () => {
    await enqueue(asked({ scheduledAt: new Date(Date.now() + 86_400_000).toISOString() }));
    expect(await seconds('expires_at - scheduled_at')).toEqual([3600]);
    await queue.empty();
    await enqueue(asked({ scheduledAt: '2020-01-01T00:00:00Z' }));
    expect(await seconds('expires_at - created_at')).toEqual([3600]);
  });

  it('waits for ever where its type sets no limit', async () => {
    await enqueue(asked({ type: 'dead_letters_redrive', payload: { filter: {} } }));
    expect(await hot()).toMatchObject([{ expires_at: null }]);
  });

  it('is refused with all its neighbours when its payload breaks the contract', async () => {
    const broken = asked({ payload: { folder: '/' } });
    await expect(enqueue(asked({ dedupeKey: 'k' }), broken)).rejects.toThrow(
      ContractViolationError,
    );
    expect(await hot()).toEqual([]);
    expect(await enqueue(asked({ dedupeKey: 'k' }))).toHaveLength(1);
  });

  it('is there for those who wait, but only once the transaction has committed', async () => {
    const waiting = queue.leaseJobs.execute(
      { worker_id: 'w', types: ['maintenance'], max: 1, wait_ms: 45_000 },
      new AbortController().signal,
    );
    const [id] = await enqueue(asked());
    expect((await waiting).jobs).toMatchObject([{ jobId: id, type: 'maintenance', attempt: 1 }]);
  });

  it('is not left behind by a transaction that is undone', async () => {
    const undone = queue.db.system.transaction(async (tx) => {
      await queue.enqueueJobs.enqueue(tx, [asked({ dedupeKey: 'k' })]);
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await hot()).toEqual([]);
    expect(await queue.rows('SELECT FROM dedupe_keys')).toEqual([]);
  });
});

describe('jobs with a dedupe key', () => {
  it('are one job while it waits and after it has ended, for a day', async () => {
    const [first] = await enqueue(asked({ dedupeKey: 'k' }));
    await expect(enqueue(asked({ dedupeKey: 'k' }))).resolves.toEqual([first]);
    await queue.admin.query('DELETE FROM job_queue');
    await expect(enqueue(asked({ dedupeKey: 'k' }))).resolves.toEqual([first]);
    expect(await hot()).toEqual([]);
    await queue.admin.query(`UPDATE dedupe_keys SET expires_at = now() - interval '1 second'`);
    const [second] = await enqueue(asked({ dedupeKey: 'k' }));
    expect(second).not.toBe(first);
    expect(await hot()).toMatchObject([{ id: second }]);
    await expect(enqueue(asked({ dedupeKey: 'k' }))).resolves.toEqual([second]);
  });

  it('are remembered for 24 hours', async () => {
    await enqueue(asked({ dedupeKey: 'k' }));
    const [{ hours }] = await queue.rows(
      'SELECT extract(epoch FROM expires_at - now())::float8 / 3600 AS hours FROM dedupe_keys',
    );
    expect(Number(hours)).toBeGreaterThan(23.9);
    expect(Number(hours)).toBeLessThanOrEqual(24);
  });

  it.each(['expired', 'deleted'])(
    'stay one job while it waits longer than its key: %s',
    async (how) => {
      const [first] = await enqueue(asked({ dedupeKey: 'k' }));
      await queue.admin.query(
        how === 'expired'
          ? `UPDATE dedupe_keys SET expires_at = now() - interval '1 second'`
          : 'DELETE FROM dedupe_keys',
      );
      await expect(enqueue(asked({ dedupeKey: 'k' }))).resolves.toEqual([first]);
      expect(await hot()).toHaveLength(1);
    },
  );

  it('are several jobs where tenant, type or key differ', async () => {
    const redrive = { type: 'dead_letters_redrive', payload: { filter: {} } } as const;
    const ids = await enqueue(
      asked({ dedupeKey: 'k' }),
      asked({ dedupeKey: 'l' }),
      asked({ dedupeKey: 'k', tenantId: PLATFORM_TENANT_ID }),
      asked({ dedupeKey: 'k', ...redrive }),
      asked(),
      asked(),
    );
    expect(new Set(ids).size).toBe(6);
    expect(await hot()).toHaveLength(6);
  });

  it('are one job within one call', async () => {
    const ids = await enqueue(...Array.from({ length: 4 }, () => asked({ dedupeKey: 'k' })));
    expect(new Set(ids).size).toBe(1);
    expect(await hot()).toMatchObject([{ id: ids[0] }]);
  });

  it('are one job in two transactions at the same time: the second waits and finds it', async () => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<string>();
    const first = queue.db.system.transaction(async (tx) => {
      const [id] = await queue.enqueueJobs.enqueue(tx, [asked({ dedupeKey: 'k' })]);
      begun.resolve(id);
      await held.promise;
    });
    const id = await begun.promise;
    const second = enqueue(asked({ dedupeKey: 'k' }));
    await someoneWaits();
    held.resolve();
    await first;
    await expect(second).resolves.toEqual([id]);
    expect(await hot()).toMatchObject([{ id }]);
  });

  it('are the second one’s job when the first transaction is undone', async () => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<string>();
    const first = queue.db.system.transaction(async (tx) => {
      const [id] = await queue.enqueueJobs.enqueue(tx, [asked({ dedupeKey: 'k' })]);
      begun.resolve(id);
      await held.promise;
      throw new Error('undone');
    });
    const lost = await begun.promise;
    const second = enqueue(asked({ dedupeKey: 'k' }));
    await someoneWaits();
    held.resolve();
    await expect(first).rejects.toThrow('undone');
    const [id] = await second;
    expect(id).not.toBe(lost);
    expect(await hot()).toMatchObject([{ id }]);
  });

  it('are locked in one order, whatever order they are named in', async () => {
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const first = queue.db.system.transaction(async (tx) => {
      await queue.enqueueJobs.enqueue(tx, [asked({ dedupeKey: 'a' })]);
      begun.resolve();
      await held.promise;
    });
    await begun.promise;
    const second = enqueue(asked({ dedupeKey: 'b' }), asked({ dedupeKey: 'a' }));
    await someoneWaits();
    // It waits for a, and has not touched b yet.
    const [b] = await enqueue(asked({ dedupeKey: 'b' }));
    held.resolve();
    await first;
    expect((await second)[0]).toBe(b);
    expect(await hot()).toHaveLength(2);
  });

  it('do not deadlock when two bulks name the same keys in opposite orders', async () => {
    const keys = Array.from({ length: 200 }, (_, n) => `k${n}`);
    const bulk = (some: string[]) => enqueue(...some.map((dedupeKey) => asked({ dedupeKey })));
    const [one, two] = await Promise.all([bulk(keys), bulk(keys.toReversed())]);
    expect(two).toEqual(one.toReversed());
    expect(await hot()).toHaveLength(200);
  });
});

describe('many jobs', () => {
  it('are one statement', async () => {
    const texts: string[] = [];
    await queue.db.system.transaction(async (tx) => {
      const query: typeof tx.query = (text, ...rest) => {
        texts.push(text);
        return tx.query(text, ...rest);
      };
      await queue.enqueueJobs.enqueue(
        { ...tx, query },
        Array.from({ length: 2_000 }, () => asked()),
      );
    });
    expect(texts).toHaveLength(1);
    expect(await hot()).toHaveLength(2_000);
  });
});

describe('a job with an id of its own', () => {
  const finish = async (id: string) => {
    await queue.admin.query(
      `INSERT INTO job_history (tenant_id, id, job_type, queue, status, outcome, priority, attempts,
         max_attempts, scheduled_at, created_at)
       VALUES ($1, $2, 'maintenance', 'default', 'cancelled', 'cancelled', 0, 0, 3, now(), now())`,
      [TENANT, id],
    );
    return id;
  };

  it('is not begun again once it has ended, whatever comes with it', async () => {
    const jobId = await finish(newId());
    await enqueue(asked({ jobId }));
    await expect(add({ jobId })).resolves.toBe(jobId);
    expect(await hot()).toEqual([]);
    const [, fresh] = await enqueue(asked({ jobId }), asked());
    expect(await hot()).toMatchObject([{ id: fresh }]);
  });

  it('is one job however often it is asked for', async () => {
    const jobId = newId();
    await Promise.all([
      add({ jobId }),
      add({ jobId }),
      enqueue(asked({ jobId }), asked({ jobId })),
    ]);
    expect(await hot()).toMatchObject([{ id: jobId }]);
  });
});

describe('jobs that are added one by one', () => {
  it('travel together when they come together, each with its own answer', async () => {
    const ids = await Promise.all(Array.from({ length: 100 }, (_, n) => add({ priority: n })));
    const stored = await queue.rows<{ id: string; priority: number }>(
      'SELECT id, priority FROM job_queue ORDER BY priority',
    );
    expect(stored.map(({ id }) => id)).toEqual(ids);
    const commits = await queue.rows('SELECT DISTINCT xmin::text FROM job_queue');
    expect(commits).toHaveLength(1);
  });

  it('wait for nobody when they come alone, and wake whoever waits for work', async () => {
    const waiting = queue.leaseJobs.execute(
      { worker_id: 'w', types: ['maintenance'], max: 1, wait_ms: 45_000 },
      new AbortController().signal,
    );
    const id = await add();
    expect((await waiting).jobs).toMatchObject([{ jobId: id }]);
  });

  it('are known to this process once they are stored, without a look', async () => {
    await add({ type: 'dead_letters_redrive', payload: { filter: {} } });
    expect(queue.directory.nextOpening(['dead_letters_redrive'])).toBe(0);
  });

  it('are refused alone: neither the contract nor the database takes its neighbours to task', async () => {
    const settled = await Promise.allSettled([
      ...Array.from({ length: 20 }, () => add()),
      add({ payload: { folder: '/' } }),
      add({ rateKey: 'k'.repeat(101) }),
      ...Array.from({ length: 20 }, () => add()),
    ]);
    const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toMatchObject([{ name: 'ContractViolationError' }, { code: '22001' }]);
    const ids = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect((await hot()).map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(ids).toHaveLength(40);
  });

  it('are all told when the connection breaks that they shared; the next ones get another', async () => {
    const held = await holdingTheTable();
    const adding = Promise.allSettled([add(), add(), add()]);
    await someoneWaits();
    await queue.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = $1 AND wait_event_type = 'Lock'`,
      [queue.database.name],
    );
    const settled = await adding;
    await held.release();
    expect(settled.map((one) => one.status === 'rejected' && isInfrastructure(one.reason))).toEqual(
      [true, true, true],
    );
    const id = await add();
    expect(await hot()).toMatchObject([{ id }]);
  });

  it('gather while others are stored', async () => {
    const held = await holdingTheTable();
    const adding = [add(), add()];
    await someoneWaits();
    const second = Array.from({ length: 10 }, () => add());
    const third = Array.from({ length: 10 }, () => add());
    await held.release();
    await Promise.all([...adding, ...second, ...third]);
    const commits = await queue.rows('SELECT DISTINCT xmin::text FROM job_queue');
    expect(commits.length).toBeLessThanOrEqual(3);
    expect(await hot()).toHaveLength(22);
  });

  it('with a dedupe key are the job that has it, and keep nobody waiting who has none', async () => {
    const first = await add({ dedupeKey: 'k' });
    await expect(add({ dedupeKey: 'k' })).resolves.toBe(first);
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const other = queue.db.system.transaction(async (tx) => {
      await queue.enqueueJobs.enqueue(tx, [asked({ dedupeKey: 'l' })]);
      begun.resolve();
      await held.promise;
    });
    await begun.promise;
    const waiting = add({ dedupeKey: 'l' });
    await someoneWaits();
    await add();
    held.resolve();
    await other;
    await waiting;
    expect(await hot()).toHaveLength(3);
  });
});

/** Until it is released, whoever writes to the hot table waits. */
async function holdingTheTable() {
  const holder = await queue.admin.connect();
  await holder.query('BEGIN; LOCK TABLE job_queue IN EXCLUSIVE MODE');
  const release = async () => {
    await holder.query('COMMIT');
    holder.release();
  };
  return { release };
}

const someoneWaits = () =>
  eventually(async () => {
    const waiting = await queue.rows(
      `SELECT FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'`,
      [queue.database.name],
    );
    return waiting.length > 0;
  });
