import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { jobTypes, type MaintenanceTask, newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import pg from 'pg';
import { HORIZON_HOLDERS } from '../../src/maintenance/horizon-holders.js';
import { type QueueEngine, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

const run = (task: MaintenanceTask, limit = 1_000) => queue.runMaintenance.execute({ task, limit });
const insert = (text: string) => queue.admin.query(text);
const left = async (table: string) =>
  (await queue.rows<{ name: string }>(`SELECT name FROM ${table} ORDER BY name`)).map(
    ({ name }) => name,
  );

/** Rows by what is said about them, in the shape of each table. */
const rows: Record<Exclude<MaintenanceTask, 'vacuum_watch'>, () => Promise<unknown>> = {
  dead_letters: () =>
    insert(
      `INSERT INTO dead_letters (tenant_id, id, job_id, job_type, queue, payload, priority, outcome,
         error_code, attempts, max_attempts, lease_losses, tries, job_created_at, died_at,
         redriven_at, redriven_as)
       SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'send_email', 'default', '{}', 0,
         'failed', r.name, 1, 1, 0, '[]', now(), now() - interval '1 year', r.redriven_at,
         CASE WHEN r.redriven_at IS NOT NULL THEN gen_random_uuid() END
       FROM (VALUES ('old', now() - interval '91 days'), ('kept_recent', now() - interval '89 days'),
         ('kept_undecided', NULL)) AS r(name, redriven_at)`,
    ),
  dedupe_keys: () =>
    insert(
      `INSERT INTO dedupe_keys (tenant_id, job_type, dedupe_key, job_id, expires_at)
       SELECT gen_random_uuid(), 'maintenance', r.name, gen_random_uuid(), r.expires_at
       FROM (VALUES ('old', now() - interval '1 second'), ('kept_recent', now() + interval '1 hour'))
         AS r(name, expires_at)`,
    ),
  rate_buckets: () =>
    insert(
      `INSERT INTO rate_buckets (tenant_id, limit_key, tokens, refilled_at, day, used_today)
       SELECT gen_random_uuid(), r.name, 0, r.refilled_at, r.day, 5
       FROM (VALUES
         ('old', now() - interval '25 hours', (now() AT TIME ZONE 'UTC')::date - 1),
         ('kept_today', now() - interval '2 hours', (now() AT TIME ZONE 'UTC')::date),
         ('kept_just_now', now(), (now() AT TIME ZONE 'UTC')::date - 1))
         AS r(name, refilled_at, day)`,
    ),
  job_groups: () =>
    insert(
      `INSERT INTO job_groups (tenant_id, id, kind, sealed_at, finished_at)
       SELECT gen_random_uuid(), gen_random_uuid(), r.name, r.finished_at, r.finished_at
       FROM (VALUES ('old', now() - interval '91 days'), ('kept_recent', now() - interval '89 days'),
         ('kept_open', NULL)) AS r(name, finished_at)`,
    ),
};
const NAME = {
  dead_letters: 'error_code',
  dedupe_keys: 'dedupe_key',
  rate_buckets: 'limit_key',
  job_groups: 'kind',
};
const tables = Object.keys(rows) as (keyof typeof rows)[];

describe('rows past their time', () => {
  it.each(tables)('go and no others: %s', async (table) => {
    await rows[table]();
    await expect(run(table)).resolves.toEqual({ done: 1, more: false });
    const kept = await left(`(SELECT ${NAME[table]} AS name FROM ${table}) r`);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.filter((name) => !name.startsWith('kept_'))).toEqual([]);
    await expect(run(table)).resolves.toEqual({ done: 0, more: false });
  });

  it.each(tables)('go a bounded piece at a time: %s', async (table) => {
    for (let n = 0; n < 5; n += 1) await rows[table]();
    const rounds = [await run(table, 2), await run(table, 2), await run(table, 2)];
    expect(rounds).toEqual([
      { done: 2, more: true },
      { done: 2, more: true },
      { done: 1, more: false },
    ]);
  });

  it('leave a key alone whose job still waits', async () => {
    const enqueue = () =>
      queue.db.system.transaction((tx) =>
        queue.enqueueJobs.enqueue(tx, [
          { tenantId: PLATFORM_TENANT_ID, type: 'maintenance', payload: {}, dedupeKey: 'k' },
        ]),
      );
    const first = await enqueue();
    await insert(`UPDATE dedupe_keys SET expires_at = now() - interval '1 day'`);
    await expect(run('dedupe_keys')).resolves.toMatchObject({ done: 1 });
    await expect(enqueue()).resolves.toEqual(first);
  });
});

describe('the partitions of history', () => {
  const OUTCOMES = ['completed', 'cancelled', 'expired', 'dead'] as const;
  const retained = async () =>
    new Map(
      (
        await queue.rows<{ parent: string; days: number }>(
          `SELECT parent, extract(day FROM retention)::int AS days FROM partitioned_tables`,
        )
      ).map(({ parent, days }) => [parent, days]),
    );

  it.each(Object.values(jobTypes))(
    'keep each outcome as long as its type says: $type',
    async (type) => {
      const days = await retained();
      const kept = OUTCOMES.map((outcome) => [outcome, days.get(`job_history_${outcome}`)]);
      expect(Object.fromEntries(kept)).toEqual(type.retentionDays);
      expect(days.get('job_attempts')).toBeGreaterThanOrEqual(type.retentionDays.dead);
    },
  );
});

describe('the vacuum watch', () => {
  const state = () => queue.db.system.transaction((tx) => queue.repositories.vacuum.state(tx));
  const look = () => queue.db.system.transaction((tx) => queue.repositories.due.look(tx));
  const alarms = async () =>
    (await queue.published('system.event_raised.v1')).map(({ data }) => [
      data.event_type,
      data.code,
    ]);
  /** What is open now, as if it had been seen so long ago. */
  const mark = (minutesAgo: number) =>
    insert(
      `INSERT INTO horizon_marks SELECT now() - ${minutesAgo} * interval '1 minute',
         ARRAY(${HORIZON_HOLDERS})`,
    );

  /** Somebody else’s transaction that has read a table and stays open while `work` runs. */
  async function whileOneIsOpen(work: () => Promise<unknown>, read = 'TABLE job_types') {
    const holder = new pg.Client({ connectionString: queue.database.adminUrl });
    await holder.connect();
    try {
      await holder.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await holder.query(read);
      await work();
    } finally {
      await holder.end();
    }
  }

  it('marks the time once a minute, whoever leads', async () => {
    await look();
    await look();
    expect(await queue.rows('SELECT FROM horizon_marks')).toHaveLength(1);
    await insert(`UPDATE horizon_marks SET marked_at = marked_at - interval '61 seconds'`);
    await look();
    expect(await queue.rows('SELECT FROM horizon_marks')).toHaveLength(2);
  });

  it('tells for how long a transaction has been open, and raises an alarm after a quarter of an hour', async () => {
    await whileOneIsOpen(async () => {
      await mark(14);
      await mark(2);
      const { horizonAge } = await state();
      expect(Math.round(horizonAge / 60)).toBe(14);
      await expect(run('vacuum_watch')).resolves.toEqual({ done: 0, more: false });
      await mark(16);
      await expect(run('vacuum_watch')).resolves.toEqual({ done: 1, more: false });
      expect(await alarms()).toEqual([['vacuum_held_back', 'transaction_open']]);
    });
  });

  it('sees what the leader has marked', async () => {
    await whileOneIsOpen(async () => {
      await look();
      await insert(`UPDATE horizon_marks SET marked_at = marked_at - interval '1 hour'`);
      expect(Math.round((await state()).horizonAge / 60)).toBe(60);
    });
  });

  it('is silent once it is closed, and about one that was opened after', async () => {
    await whileOneIsOpen(() => mark(60));
    await eventually(async () => expect((await state()).horizonAge).toBe(0));
    await whileOneIsOpen(async () => expect((await state()).horizonAge).toBe(0));
  });

  it('does not take a vacuum for what holds it back', async () => {
    const lock = 'LOCK TABLE job_history IN SHARE UPDATE EXCLUSIVE MODE';
    await whileOneIsOpen(async () => {
      await mark(60);
      expect((await state()).horizonAge).toBe(0);
    }, lock);
  });

  it('sees that autovacuum leaves the hot table alone', async () => {
    expect((await state()).isAutovacuumOn).toBe(true);
    await insert('ALTER TABLE job_queue SET (autovacuum_enabled = false)');
    await run('vacuum_watch');
    await insert('ALTER TABLE job_queue RESET (autovacuum_enabled)');
    expect(await alarms()).toEqual([['vacuum_switched_off', 'autovacuum_off']]);
  });

  it('counts dead rows of the hot table', async () => {
    expect((await state()).deadTuples).toBeGreaterThanOrEqual(0);
  });

  it('forgets marks of last week', async () => {
    await mark(8 * 24 * 60);
    await mark(1);
    await run('vacuum_watch');
    expect(await queue.rows('SELECT FROM horizon_marks')).toHaveLength(1);
  });

  it('says the same thing under the same fingerprint', async () => {
    await insert('ALTER TABLE job_queue SET (autovacuum_enabled = false)');
    await run('vacuum_watch');
    await run('vacuum_watch');
    await insert('ALTER TABLE job_queue RESET (autovacuum_enabled)');
    const events = await queue.published('system.event_raised.v1');
    expect(new Set(events.map(({ data }) => data.fingerprint)).size).toBe(1);
    expect(events.map(({ tenant_id }) => tenant_id)).toEqual(Array(2).fill(PLATFORM_TENANT_ID));
  });
});

describe('a tenant', () => {
  it('cannot have anything tidied up', async () => {
    await rows.dead_letters();
    const removed = queue.db.tenants.transaction(newId(), (tx) =>
      tx.query('DELETE FROM dead_letters RETURNING id'),
    );
    await expect(removed).resolves.toMatchObject({ rowCount: 0 });
  });
});
