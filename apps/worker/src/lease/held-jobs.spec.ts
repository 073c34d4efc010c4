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
const grant = (lease_token: string, name: string) => ({ lease_token, grant: name });

describe('HeldJobs', () => {
  it('keeps the second lease of a job when the first one’s outcome is settled late', () => {
    const held = new HeldJobs();
    const [first] = held.add('token 1', [job], [grant('token 1', 'grant 1')]);
    held.release([first]);
    const [second] = held.add('token 2', [job], [grant('token 2', 'grant 2')]);
    held.release([first]);
    expect([held.holds(first), held.holds(second), held.size]).toEqual([false, true, 1]);
    expect(held.grantsFor([second])).toEqual(['grant 2']);
    held.release([second]);
    expect([held.size, held.grantsFor([second])]).toEqual([0, []]);
  });

  it('gives the grants of the leases it is asked for, each once, whatever the tenants', () => {
    const held = new HeldJobs();
    const jobs = ['a', 'b', 'c'].map((id) => ({ ...job, id, tenant_id: `tenant of ${id}` }));
    const several = [grant('one', 'first of one'), grant('one', 'second of one')];
    const one = held.add('one', jobs.slice(0, 2), several);
    const two = held.add('two', jobs.slice(2), [grant('two', 'of two')]);
    held.add('three', [{ ...job, id: 'd' }], [grant('three', 'of three')]);
    expect(held.grantsFor([...one, ...two, ...one])).toEqual([
      'first of one',
      'second of one',
      'of two',
    ]);
    held.release([one[0]]);
    expect(held.grantsFor(one)).toEqual(['first of one', 'second of one']);
  });

  it('has the grants of a renewal in place of all that their lease had', () => {
    const held = new HeldJobs();
    const several = [grant('one', 'first of one'), grant('one', 'second of one')];
    const one = held.add('one', [job], several);
    const two = held.add('two', [{ ...job, id: 'other' }], [grant('two', 'of two')]);
    held.renewGrants([grant('one', 'fresh')]);
    expect(held.grantsFor([...one, ...two])).toEqual(['fresh', 'of two']);
  });

  it('takes the grants of a queue that names their tenants', () => {
    const held = new HeldJobs();
    const ofTenant = (tenant_id: string) => ({ tenant_id, ...grant('one', `of ${tenant_id}`) });
    const jobs = ['a', 'b'].map((id) => ({ ...job, id, tenant_id: id }));
    const one = held.add('one', jobs, [ofTenant('a'), ofTenant('b')]);
    expect(held.grantsFor(one)).toEqual(['of a', 'of b']);
  });
});
