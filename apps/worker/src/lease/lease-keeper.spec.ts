import { describe, expect, it } from '@jest/globals';
import { newId } from '@penguinmails/contracts';
import { createLogger } from '@penguinmails/observability';
import type { HeldLease, LeasedJob, QueueClient } from '../clients/queue.client.js';
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
});

describe('LeaseKeeper', () => {
  it('renews the other leases when one cannot be renewed, and lets go of what is lost', async () => {
    const held = new HeldJobs();
    const [lost, kept] = [newJob(), newJob()];
    held.add('refused', [newJob()], []);
    held.add('renewed', [lost, kept], []);
    const asked: string[] = [];
    const heartbeat = async ([lease]: readonly HeldLease[]) => {
      asked.push(lease.lease_token);
      if (lease.lease_token === 'refused') throw new Error('no answer');
      const grants = [{ tenant_id: kept.tenant_id, grant: 'fresh' }];
      return { lease_expires_at: '', lost: [lost.id], grants };
    };
    const keeper = new LeaseKeeper({ heartbeat } as unknown as QueueClient, held, logger);
    await keeper.beat();
    await keeper.beat();
    expect(asked).toEqual(['refused', 'renewed', 'refused', 'renewed']);
    expect(held.size).toBe(2);
    expect(held.grantsFor([{ ...kept, leaseToken: 'renewed' }])).toEqual(['fresh']);
  });
});
