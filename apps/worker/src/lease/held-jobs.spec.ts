import { describe, expect, it } from '@jest/globals';
import type { LeasedJob } from '../clients/queue.client.js';
import { HeldJobs } from './held-jobs.js';

const job: LeasedJob = {
  id: 'job',
  tenant_id: 'tenant',
  type: 'send_email',
  payload: {},
  attempt: 1,
  mailbox_id: 'mailbox',
  storage_key: 'key',
  correlation_id: null,
  traceparent: null,
  created_at: '2026-11-23T00:00:00.000Z',
};
const grant = (name: string) => [{ tenant_id: 'tenant', lease_token: 'token', grant: name }];

describe('HeldJobs', () => {
  it('keeps the second lease of a job when the first one’s outcome is settled late', () => {
    const held = new HeldJobs();
    const [first] = held.add('token 1', [job], grant('grant 1'));
    held.release([first]);
    const [second] = held.add('token 2', [job], grant('grant 2'));
    held.release([first]);
    expect([held.holds(first), held.holds(second), held.size]).toEqual([false, true, 1]);
    expect(held.grantsFor([second])).toEqual(['grant 2']);
    held.release([second]);
    expect([held.size, held.grantsFor([second])]).toEqual([0, []]);
  });
});
