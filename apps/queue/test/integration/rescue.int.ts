import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import {
  acceptedEmail,
  manyEmails,
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
const clock = async () => (await queue.rows('SELECT * FROM queue_clock'))[0];

/** An e-mail whose job is leased; the clock has been stamped. */
async function running() {
  const email = acceptedEmail();
  await queue.accept([email]);
  const { jobs, leaseToken } = await queue.lease(1);
  await tick();
  return { email, job: jobs[0], leaseToken };
}

/**
 * A whole round while a lease has less than 5 s left. Again only if the machine stood still until that
 * was over: what such a round did tells nothing.
 */
const nearTheEnd = () =>
  eventually(async () => {
    await queue.empty();
    await running();
    const [{ end }] = await queue.rows<{ end: string }>(
      `UPDATE job_queue SET lease_expires_at = clock_timestamp() + interval '5 seconds'
       WHERE status = 'running' RETURNING lease_expires_at::text AS end`,
    );
    // Without a stamp the round is no calm one, which would look for nothing to take back, and ends no outage.
    await queue.admin.query('DELETE FROM queue_clock');
    const round = await tick();
    const [{ over }] = await queue.rows<{ over: boolean }>(
      'SELECT clock_timestamp() >= $1::timestamptz AS over',
      [end],
    );
    return !over && round;
  });

describe('the rescuer', () => {
  it('makes the job of a crashed worker ready again when its lease has run out, without a try', async () => {
    const { email } = await running();
    await queue.letLeasesAge(-600);
    await expect(tick()).resolves.toMatchObject({ led: true, rescued: 0 });
    await queue.letLeasesAge(627);
    await queue.keepUp();
    await expect(tick()).resolves.toMatchObject({ rescued: 1, outageMs: 0 });
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'ready', attempts: 0 });
    const [row] = await queue.rows('SELECT * FROM job_queue');
    expect(row).toMatchObject({ lease_losses: 1, lease_token: null, leased_by: null });
    expect((await queue.lease(1)).jobs).toMatchObject([{ attempt: 1 }]);
    await expect(nearTheEnd()).resolves.toMatchObject({ led: true, outageMs: 0, rescued: 0 });
  });

  it('wakes those who wait for work', async () => {
    await running();
    const waiting = queue.lease(1, 'next-worker', 45_000);
    await queue.letLeasesAge(31);
    await tick();
    expect((await waiting).jobs).toHaveLength(1);
  });

  it('adds an outage in the order in which heartbeats come, and waits for no one who waits for it', async () => {
    const { rescue, leases } = queue.repositories;
    await queue.accept(
      manyEmails(2).toSorted((a, b) => (a.data.email_id < b.data.email_id ? 1 : -1)),
    );
    const { jobs, leaseToken } = await queue.lease(100);
    const [first, second] = jobs
      .map((job) => ({ ...job, leaseToken }))
      .sort((a, b) => (`${a.tenantId} ${a.jobId}` < `${b.tenantId} ${b.jobId}` ? -1 : 1));
    let tries = 0;
    const { extended } = await queue.db.system.transaction(async (tx) => {
      tries += 1;
      await leases.renew(tx, [first], 30_000);
      const extended = queue.db.system.transaction((other) => {
        tries += 1;
        return rescue.extendAll(other, 3_600_000);
      });
      await eventually(async () => {
        const waits = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
        return (await queue.rows(waits)).length > 0;
      });
      await leases.renew(tx, [second], 30_000);
      // In an object: awaited here, it would wait for this transaction.
      return { extended };
    });
    await extended;
    const rows = await queue.rows<{ left: number }>(
      'SELECT extract(epoch FROM lease_expires_at - now())::float8 AS left FROM job_queue',
    );
    expect(rows.every(({ left }) => left > 3_600)).toBe(true);
    expect(tries).toBe(2);
  });

  it('leaves a lease alone that was renewed', async () => {
    const { job, leaseToken } = await running();
    await queue.letLeasesAge(31);
    await queue.renewLeases.execute({
      worker_id: 'worker-1',
      leases: [{ lease_token: leaseToken, jobs: [{ tenant_id: job.tenantId, id: job.jobId }] }],
    });
    await expect(tick()).resolves.toMatchObject({ rescued: 0 });
  });

  it('parts jobs that lose their leases together again and again', async () => {
    await queue.accept(manyEmails(20));
    /** Different times for which they are scheduled, and how far these lie apart. */
    const lost = async () => {
      expect((await queue.lease(500)).jobs).toHaveLength(20);
      await queue.letLeasesAge(31);
      await tick();
      const [times] = await queue.rows<{ n: number; seconds: number }>(
        `SELECT count(DISTINCT scheduled_at)::int AS n,
           extract(epoch FROM max(scheduled_at) - min(scheduled_at))::float8 AS seconds
         FROM job_queue`,
      );
      return times;
    };
    await expect(lost()).resolves.toEqual({ n: 1, seconds: 0 });
    const parted = await lost();
    // By microseconds, so that two of them may meet.
    expect(parted.n).toBeGreaterThan(15);
    expect(parted.seconds).toBeLessThan(2);
  });

  it('buries a job whose workers died 20 times, and tells oltp and operators', async () => {
    const { email } = await running();
    await queue.admin.query('UPDATE job_queue SET lease_losses = 19, attempts = 2');
    await queue.letLeasesAge(31);
    await tick();
    await expect(queue.find(email)).resolves.toMatchObject({
      status: 'dead',
      attempts: 2,
      last_error_code: 'lease_lost',
    });
    const [letter] = await queue.rows('SELECT * FROM dead_letters');
    expect(letter).toMatchObject({ outcome: 'lease_lost', lease_losses: 20, tries: [] });
    const events = await queue.rows<{ type: string; payload: string }>('SELECT * FROM outbox');
    expect(events.map(({ type, payload }) => [type, JSON.parse(payload)])).toEqual([
      [
        'penguinmails.delivery.recorded.v1',
        {
          items: [
            expect.objectContaining({
              class: 'unknown',
              final: true,
              attempt: 3,
              error_code: 'lease_lost',
            }),
          ],
        },
      ],
      ['penguinmails.system.event_raised.v1', expect.objectContaining({ code: 'lease_lost' })],
    ]);
  });

  it('does not touch a job that is being finished right now', async () => {
    const { job, leaseToken } = await running();
    await queue.letLeasesAge(31);
    await queue.db.system.transaction(async (tx) => {
      await queue.repositories.finish.lockHeld(tx, [resultOf(job, leaseToken)]);
      await expect(tick()).resolves.toMatchObject({ rescued: 0 });
    });
  });

  it('does not wait for a round that another replica is at', async () => {
    await queue.db.system.transaction(async (tx) => {
      await expect(queue.repositories.rescue.tryLead(tx)).resolves.toBe(true);
      await expect(tick()).resolves.toMatchObject({ led: false, rescued: 0 });
    });
    await expect(tick()).resolves.toMatchObject({ led: true });
    const before = await clock();
    await queue.db.system.transaction(async (tx) => {
      await queue.repositories.rescue.tryLead(tx);
      await tick();
    });
    expect(await clock()).toEqual(before);
    expect(await queue.rows('SELECT FROM horizon_marks')).toHaveLength(1);
  });

  it('takes 500 back in one transaction, and says whether more may be left', async () => {
    await queue.accept(manyEmails(1_100));
    let held = 0;
    await eventually(async () => (held += (await queue.lease(500)).jobs.length) === 1_100);
    await queue.letLeasesAge(3_600);
    await expect(tick()).resolves.toMatchObject({ rescued: 500, more: true });
    const before = await clock();
    await expect(tick()).resolves.toMatchObject({ rescued: 500, more: true });
    expect((await clock()).stamped_at).not.toEqual(before.stamped_at);
    await expect(tick()).resolves.toMatchObject({ rescued: 100, more: false });
    expect(await queue.rows(`SELECT FROM job_queue WHERE status = 'running'`)).toEqual([]);
  });

  it('is one at a time, however many replicas tick', async () => {
    await running();
    await queue.letLeasesAge(31);
    const rounds = await Promise.all(Array.from({ length: 5 }, tick));
    expect(rounds.reduce((sum, { rescued }) => sum + rescued, 0)).toBe(1);
    const [row] = await queue.rows('SELECT lease_losses FROM job_queue');
    expect(row).toEqual({ lease_losses: 1 });
  });
});

describe('a round in which no lease ran out', () => {
  it('stamps the clock and says what is due for others', async () => {
    await running();
    await queue.admin.query(`INSERT INTO job_queue (tenant_id, id, job_type, payload, expires_at)
      VALUES (gen_random_uuid(), gen_random_uuid(), 'maintenance', '{}', now() - interval '1 s')`);
    await queue.keepUp();
    const { stamped_at } = await clock();
    await expect(tick()).resolves.toEqual({
      ...{ led: true, outageMs: 0, rescued: 0, more: false },
      due: { expiries: true, schedules: false },
    });
    expect((await clock()).stamped_at).not.toEqual(stamped_at);
  });

  it('marks the horizon once a minute', async () => {
    await tick();
    await queue.admin.query(`UPDATE horizon_marks SET marked_at = marked_at - interval '61 s'`);
    await tick();
    await tick();
    expect(await queue.rows('SELECT FROM horizon_marks')).toHaveLength(2);
  });
});

describe('an outage of the queue', () => {
  it('longer than a lease repeats nothing: what ran goes on under the same token', async () => {
    const { email, job, leaseToken } = await running();
    await queue.letTimePass(120);
    await expect(tick()).resolves.toMatchObject({ rescued: 0 });
    await tick();
    await expect(queue.find(email)).resolves.toMatchObject({ status: 'running' });
    expect((await queue.lease(1)).jobs).toEqual([]);
    const { accepted } = await queue.finishJobs.execute([resultOf(job, leaseToken)]);
    expect(accepted).toEqual([email.data.email_id]);
  });

  it('is added once, whichever of the restarted replicas comes first', async () => {
    await running();
    const end = async () =>
      (
        await queue.rows<{ at: number }>(
          'SELECT extract(epoch FROM lease_expires_at)::float8 AS at FROM job_queue',
        )
      )[0].at;
    const before = await end();
    await queue.letTimePass(60);
    const rounds = await Promise.all(Array.from({ length: 4 }, tick));
    // A machine that stands still between two rounds is an outage of its own.
    const outages = rounds.map(({ outageMs }) => outageMs / 1_000).filter((seconds) => seconds > 0);
    expect(outages.filter((seconds) => seconds >= 60)).toHaveLength(1);
    const added = (await end()) - (before - 60);
    expect(added).toBeCloseTo(outages.reduce((sum, seconds) => sum + seconds));
    expect(await clock()).toMatchObject({ gaps: outages.length });
  });

  it('is a silence of more than 3 s; a shorter one is none', async () => {
    await running();
    // Again if the machine stands still meanwhile: then it was no shorter one.
    await eventually(async () => {
      await queue.admin.query(
        `UPDATE queue_clock SET stamped_at = now() - interval '2 seconds', gaps = 0,
           last_gap = NULL, last_gap_at = NULL`,
      );
      await expect(tick()).resolves.toMatchObject({ outageMs: 0 });
    });
    expect(await clock()).toMatchObject({ gaps: 0, last_gap: null, last_gap_at: null });
    await queue.letTimePass(4);
    const { outageMs } = await tick();
    expect(outageMs).toBeGreaterThan(3999);
    expect(await clock()).toMatchObject({ gaps: 1, stamped_by: 'replica-1' });
  });

  it('gives a worker that died in it no more than its remaining lease', async () => {
    await running();
    await queue.letTimePass(60);
    await tick();
    await queue.letLeasesAge(31);
    await expect(tick()).resolves.toMatchObject({ rescued: 1 });
  });
});
