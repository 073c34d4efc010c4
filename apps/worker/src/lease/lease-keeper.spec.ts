import { describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { unprocessable } from '@penguinmails/http/problem';
import { createLogger } from '@penguinmails/observability';
import type { HeldLease, LeasedJob, LeaseGrant, QueueClient } from '../clients/queue.client.js';
import { HeldJobs } from './held-jobs.js';
import { LeaseKeeper } from './lease-keeper.js';

const logger = createLogger('worker', { level: 'silent' });

const newJob = (): LeasedJob => ({
  id: newId(),
  tenant_id: newId(),
  type: 'send_email',
  payload: {},
  attempt: 1,
  mailbox_id: newId(),
  storage_key: 'key',
  correlation_id: null,
  traceparent: null,
  created_at: '2026-11-23T00:00:00.000Z',
});

/** Answers heartbeats; a batch with a lease called `refused` is refused as a whole. */
function fakeQueue(
  lost: readonly string[],
  grants: readonly LeaseGrant[] = [],
  cancelled?: readonly string[],
) {
  const asked: string[][] = [];
  const heartbeat = async (leases: readonly HeldLease[]) => {
    asked.push(leases.map(({ lease_token }) => lease_token));
    if (asked.at(-1)?.includes('refused')) throw unprocessable([]);
    return { lease_expires_at: '', lost, cancelled, grants };
  };
  return { asked, queue: { heartbeat } as unknown as QueueClient };
}

describe('LeaseKeeper', () => {
  it('renews many leases in one call, and lets go of what is lost', async () => {
    const held = new HeldJobs();
    const jobs = Array.from({ length: 250 }, newJob);
    jobs.forEach((job, n) => held.add(`lease-${n}`, [job], []));
    const fresh = ['fresh', 'fresh too'].map((grant) => ({ lease_token: 'lease-1', grant }));
    const { asked, queue } = fakeQueue([jobs[0].id], fresh);
    await new LeaseKeeper(queue, held, logger).beat();
    expect(asked.map((batch) => batch.length)).toEqual([100, 100, 50]);
    expect(held.size).toBe(249);
    expect(held.holds({ ...jobs[0], leaseToken: 'lease-0' })).toBe(false);
    expect(held.grantsFor([{ ...jobs[1], leaseToken: 'lease-1' }])).toEqual(['fresh', 'fresh too']);
  });

  it('tells the handlers of what is lost or to be cancelled to stop, and no others', async () => {
    const held = new HeldJobs();
    const [kept, lost, cancelled] = held.add('lease', [newJob(), newJob(), newJob()], []);
    const { queue } = fakeQueue([lost.id], [], [cancelled.id]);
    await new LeaseKeeper(queue, held, logger).beat();
    expect([kept, lost, cancelled].map(({ signal }) => signal.aborted)).toEqual([
      false,
      true,
      true,
    ]);
    expect([kept, lost, cancelled].map((job) => held.holds(job))).toEqual([true, false, true]);
  });

  it('leaves a second lease of a job alone when the first one is lost', async () => {
    const held = new HeldJobs();
    const job = newJob();
    const [first] = held.add('first', [job], []);
    const [second] = held.add('second', [job], []);
    held.abort([first]);
    expect([second.signal.aborted, held.holds(second)]).toEqual([false, true]);
  });

  it('renews the other leases when one is refused', async () => {
    const held = new HeldJobs();
    held.add('refused', [newJob()], []);
    held.add('renewed', [newJob()], []);
    const { asked, queue } = fakeQueue([]);
    const keeper = new LeaseKeeper(queue, held, logger);
    await keeper.beat();
    await keeper.beat();
    const once = [['refused', 'renewed'], ['refused'], ['renewed']];
    expect(asked).toEqual([...once, ...once]);
    expect(held.size).toBe(2);
  });
});
