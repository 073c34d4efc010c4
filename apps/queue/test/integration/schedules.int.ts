import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { type QueueEngine, startQueueEngine } from './queue-engine.js';

let queue: QueueEngine;
beforeAll(async () => {
  queue = await startQueueEngine();
});
afterAll(() => queue.stop());
beforeEach(() => queue.empty());

/** So seldom that no run falls due while a test goes on. */
const ONCE_A_YEAR = '0 0 1 1 *';

/** A schedule that is due since `dueFor`, e.g. '2 hours'. */
async function schedule(dueFor: string, more: Record<string, unknown> = {}) {
  const row = {
    tenant_id: newId(),
    id: newId(),
    name: 'tidy',
    job_type: 'maintenance',
    cron: ONCE_A_YEAR,
    time_zone: 'UTC',
    missed_runs: 'run_once',
    ...more,
  };
  const names = Object.keys(row);
  await queue.admin.query(
    `INSERT INTO schedules (${names.join(', ')}, next_run_at)
     VALUES (${names.map((_, at) => `$${at + 2}`).join(', ')},
       date_trunc('minute', now()) - $1::interval)`,
    [dueFor, ...Object.values(row)],
  );
  return row;
}
const hot = () => queue.rows('SELECT * FROM job_queue ORDER BY scheduled_at');
const now = async () => (await queue.rows<{ at: string }>('SELECT now()::text AS at'))[0].at;
/** @param since when it began: what falls due meanwhile was ahead then */
const stored = async (since: string) =>
  (
    await queue.rows<Record<string, unknown> & { isAhead: boolean }>(
      'SELECT *, next_run_at > $1 AS "isAhead" FROM schedules ORDER BY name',
      [since],
    )
  )[0];
const run = () => queue.runSchedules.execute();
const due = () => queue.db.system.transaction((tx) => queue.repositories.due.look(tx));

describe('a schedule that is due', () => {
  it('starts one job of its tenant and is due again next time', async () => {
    const { tenant_id, id } = await schedule('0 seconds', { priority: 4 });
    await expect(due()).resolves.toMatchObject({ schedules: true });
    const since = await now();
    await expect(run()).resolves.toEqual({ led: true, jobs: 1 });
    const [job] = await hot();
    expect(job).toMatchObject({ tenant_id, job_type: 'maintenance', priority: 4, payload: {} });
    expect(job.dedupe_key).toBe(`schedule:${id}:${(job.scheduled_at as Date).toISOString()}`);
    expect(await stored(since)).toMatchObject({
      isAhead: true,
      last_run_at: job.scheduled_at,
      row_version: 1,
    });
    await expect(due()).resolves.toMatchObject({ schedules: false });
    await expect(run()).resolves.toEqual({ led: true, jobs: 0 });
  });

  it.each([
    ['skip', '0 4 29 2 *', 0],
    ['run_once', '0 * * * *', 1],
    ['run_all', '* * * * *', 100],
  ] as const)(
    'missed by the queue for 3 hours, %s: %s, %i jobs',
    async (missed_runs, cron, jobs) => {
      await schedule('3 hours', { missed_runs, cron });
      const since = await now();
      await expect(run()).resolves.toMatchObject({ jobs });
      expect(await hot()).toHaveLength(jobs);
      expect(await stored(since)).toMatchObject({ isAhead: missed_runs !== 'run_all' });
    },
  );

  it('with many missed runs starts the others in the rounds that follow, each once', async () => {
    await schedule('150 minutes', { missed_runs: 'run_all', cron: '* * * * *' });
    const rounds = [await run(), await run(), await run()].map(({ jobs }) => jobs);
    expect(rounds[0]).toBe(100);
    expect(rounds[0] + rounds[1]).toBeGreaterThanOrEqual(151);
    expect(rounds[2]).toBeLessThanOrEqual(1);
    const jobs = await hot();
    expect(new Set(jobs.map(({ dedupe_key }) => dedupe_key)).size).toBe(jobs.length);
  });

  it('is not started again when somebody sets its time back', async () => {
    await schedule('0 seconds');
    await run();
    const [{ scheduled_at }] = await hot();
    await queue.admin.query('UPDATE schedules SET next_run_at = $1', [scheduled_at]);
    await run();
    expect(await hot()).toHaveLength(1);
  });

  it.each(['-infinity', 'infinity', '4713-01-01Z BC', '1969-12-31T23:59:59Z', '10000-01-01Z'])(
    'cannot be due at %s: no round could go past it',
    async (time) => {
      await schedule('0 seconds');
      await expect(
        queue.admin.query('UPDATE schedules SET next_run_at = $1', [time]),
      ).rejects.toMatchObject({ constraint: 'schedules_next_run_in_range' });
      await expect(run()).resolves.toEqual({ led: true, jobs: 1 });
    },
  );

  it('is left alone while it is switched off', async () => {
    await schedule('1 hour', { is_enabled: false });
    await expect(due()).resolves.toMatchObject({ schedules: false });
    await expect(run()).resolves.toEqual({ led: true, jobs: 0 });
  });

  it('is left to a replica that knows its type', async () => {
    await schedule('1 hour', { job_type: 'of_tomorrow' });
    await expect(run()).resolves.toEqual({ led: true, jobs: 0 });
    expect(await stored(await now())).toMatchObject({ is_enabled: true, isAhead: false });
  });

  it.each([
    [{ cron: 'hourly' }, 'cron_invalid'],
    [{ time_zone: 'Mars/Olympus' }, 'cron_invalid'],
    [{ payload: '{"folder": "/"}' }, 'payload_invalid'],
  ])('and can never run is switched off, and its neighbours run: %j', async (wrong, code) => {
    const { tenant_id, id } = await schedule('1 hour', { ...wrong, name: 'broken' });
    await schedule('0 seconds');
    await expect(run()).resolves.toEqual({ led: true, jobs: 1 });
    expect(await stored(await now())).toMatchObject({ is_enabled: false, row_version: 2 });
    const [{ data, ...event }] = await queue.published('system.event_raised.v1');
    expect(event.tenant_id).toBe(tenant_id);
    expect(data).toMatchObject({ event_type: 'schedule_disabled', subject_id: id, code });
  });
});

describe('several replicas', () => {
  it('start each run once', async () => {
    for (let n = 0; n < 20; n += 1)
      await schedule('1 hour', { missed_runs: 'run_all', cron: '* * * * *' });
    for (let round = 0; round < 3; round += 1) await Promise.all([run(), run(), run()]);
    const jobs = await hot();
    expect(jobs.length).toBeGreaterThanOrEqual(20 * 61);
    expect(new Set(jobs.map(({ dedupe_key }) => dedupe_key)).size).toBe(jobs.length);
  });

  it('do not wait for the one that leads', async () => {
    await schedule('1 hour');
    await queue.db.system.transaction(async (tx) => {
      await queue.repositories.schedules.tryLead(tx);
      await expect(run()).resolves.toEqual({ led: false, jobs: 0 });
    });
    await expect(run()).resolves.toEqual({ led: true, jobs: 1 });
  });

  it('lose nothing when the leader dies between the job and the next time', async () => {
    await schedule('0 seconds');
    const dying = queue.db.system.transaction(async (tx) => {
      const [first] = await queue.repositories.schedules.lockDue(tx, ['maintenance'], 1);
      await queue.enqueueJobs.enqueue(tx, [
        { tenantId: first.tenantId, type: 'maintenance', payload: {}, dedupeKey: 'any' },
      ]);
      throw new Error('died');
    });
    await expect(dying).rejects.toThrow('died');
    expect(await hot()).toEqual([]);
    await expect(run()).resolves.toEqual({ led: true, jobs: 1 });
  });
});

describe('the schedules of the platform', () => {
  const write = () => queue.writeSchedules.onModuleInit();

  it('are written at start as the contracts declare them', async () => {
    const since = await now();
    await write();
    expect(await stored(since)).toMatchObject({
      tenant_id: PLATFORM_TENANT_ID,
      name: 'maintenance',
      job_type: 'maintenance',
      cron: '*/15 * * * *',
      time_zone: 'UTC',
      missed_runs: 'run_once',
      isAhead: true,
      row_version: 1,
    });
  });

  it('stay as they are when nothing has changed: also when they are late, or switched off', async () => {
    await write();
    await queue.admin.query(
      `UPDATE schedules SET is_enabled = false, next_run_at = now() - interval '1 hour'`,
    );
    const before = await queue.rows('SELECT * FROM schedules');
    await write();
    expect(await queue.rows('SELECT * FROM schedules')).toEqual(before);
  });

  it('follow a declaration that has changed, but stay switched off', async () => {
    await write();
    await queue.admin.query(
      `UPDATE schedules SET is_enabled = false, cron = '0 0 1 1 *', next_run_at = now() - interval '1 day'`,
    );
    const since = await now();
    await write();
    expect(await stored(since)).toMatchObject({
      cron: '*/15 * * * *',
      is_enabled: false,
      isAhead: true,
      row_version: 2,
    });
  });

  it('are one each, however many replicas start', async () => {
    await Promise.all([write(), write(), write()]);
    expect(await queue.rows('SELECT name FROM schedules')).toEqual([{ name: 'maintenance' }]);
  });
});
