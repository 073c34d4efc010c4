import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@penguinmails/observability';
import type { JobResult, LeasedJob } from '../clients/queue.client.js';
import { HeldJobs } from '../lease/held-jobs.js';
import { type JobHandler, resultOf } from '../lease/job-handler.js';
import { SendInShares } from './send-in-shares.js';
import { ServerShares } from './server-shares.js';

const newJob = (id: string): LeasedJob => ({
  id,
  tenant_id: 'tenant',
  type: 'send_email',
  payload: {},
  attempt: 1,
  mailbox_id: 'mailbox',
  storage_key: 'key',
  correlation_id: null,
  traceparent: null,
  created_at: '2026-11-23T00:00:00.000Z',
});

const logger = createLogger('worker', { level: 'silent' });
const returning: JobHandler = {
  type: 'send_email',
  handle: async (some, report) => report(some.map((job) => resultOf(job, { kind: 'returned' }))),
};

describe('mail whose server is still being asked for', () => {
  it('goes back at once when the worker stops, all of it', async () => {
    const jobs = new HeldJobs().add('token', ['one', 'two', 'three'].map(newJob), []);
    const stop = new AbortController();
    const servers = {
      group: () => {
        stop.abort();
        return new Promise<never>(() => undefined);
      },
    };
    const results: JobResult[] = [];
    await new SendInShares(returning, servers, new ServerShares(2), logger).handle(
      jobs,
      (some) => results.push(...some),
      stop.signal,
    );
    expect(results.map(({ job_id, kind }) => [job_id, kind]).sort()).toEqual([
      ['one', 'returned'],
      ['three', 'returned'],
      ['two', 'returned'],
    ]);
  });
});

describe('mail that waits for its server', () => {
  it('is not begun when it was cancelled meanwhile; its neighbours are', async () => {
    const held = new HeldJobs();
    const jobs = held.add('token', ['kept', 'cancelled'].map(newJob), []);
    held.abort([jobs[1]]);
    const inner: JobHandler = {
      type: 'send_email',
      handle: async (some, report) =>
        report(some.map((job) => resultOf(job, { kind: 'delivered' }))),
    };
    const servers = { group: async () => new Map([['server', [...jobs]]]) };
    const results: JobResult[] = [];
    await new SendInShares(inner, servers, new ServerShares(10), logger).handle(
      jobs,
      (some) => results.push(...some),
      new AbortController().signal,
    );
    expect(results.map(({ job_id, kind }) => [job_id, kind]).sort()).toEqual([
      ['cancelled', 'cancelled'],
      ['kept', 'delivered'],
    ]);
  });
});
