import { describe, expect, it } from '@jest/globals';
import { createLogger } from '@penguinmails/observability';
import type { JobResult, LeasedJob, Progress, ProgressAnswer } from '../clients/queue.client.js';
import { HeldJobs } from '../lease/held-jobs.js';
import { SteppedHandler } from './stepped-handler.js';
import type { Step, SteppedWork } from './stepped-work.js';

const logger = createLogger('worker', { level: 'silent' });
const leased: LeasedJob = {
  id: 'job',
  tenant_id: 'tenant',
  type: 'maintenance',
  payload: {},
  attempt: 1,
  mailbox_id: '',
  storage_key: '',
  correlation_id: null,
  traceparent: null,
  created_at: '2026-11-23T00:00:00.000Z',
};

interface Script {
  answer: ProgressAnswer;
  beforeStep: (n: number) => void;
}

/** Steps of 10 rows that take `stepMs` each by the clock of this test. */
function bench(steps: number, stepMs: number) {
  const clock = { now: 0 };
  const begun: number[] = [];
  const told: Progress[] = [];
  const held = new HeldJobs();
  const [job] = held.add('token', [leased], []);
  const answer: ProgressAnswer = { held: true, cancelled: false };
  const script: Script = { answer, beforeStep: () => undefined };
  const work: SteppedWork = {
    type: 'maintenance',
    total: () => steps * 10,
    async *steps(): AsyncIterable<Step> {
      for (let n = 1; n <= steps; n += 1) {
        script.beforeStep(n);
        begun.push(n);
        clock.now += stepMs;
        yield { done: 10, failed: 1 };
      }
    },
  };
  const queue = {
    progress: async (_job: unknown, progress: Progress) => {
      told.push(progress);
      return script.answer;
    },
  };
  const stop = new AbortController();
  const run = async (): Promise<JobResult> => {
    const results: JobResult[] = [];
    const handler = new SteppedHandler(work, queue, logger, () => clock.now);
    await handler.handle([job], (some) => results.push(...some), stop.signal);
    expect(results).toHaveLength(1);
    return results[0];
  };
  return { run, begun, told, held, job, script, stop, queue };
}

describe('a job in steps', () => {
  it('tells how far it is once a second and at the end, and then succeeds', async () => {
    const { run, told } = bench(7, 400);
    await expect(run()).resolves.toMatchObject({ kind: 'succeeded', lease_token: 'token' });
    expect(told).toEqual([
      { done: 30, total: 70, failed: 3 },
      { done: 60, total: 70, failed: 6 },
      { done: 70, total: 70, failed: 7 },
    ]);
  });

  it('says nothing twice', async () => {
    const { run, told } = bench(3, 1_000);
    await run();
    expect(told.map(({ done }) => done)).toEqual([10, 20, 30]);
  });

  it('stops after the step in which it was cancelled, as a heartbeat says', async () => {
    const { run, held, job, begun, script } = bench(5, 1);
    script.beforeStep = (n) => void (n === 2 && held.abort([job]));
    await expect(run()).resolves.toMatchObject({ kind: 'cancelled' });
    expect(begun).toEqual([1, 2]);
  });

  it.each([
    ['cancelled', { held: true, cancelled: true }],
    ['lost', { held: false, cancelled: false }],
  ])('stops when progress finds it %s', async (_what, answer) => {
    const { run, begun, script } = bench(5, 1_000);
    script.answer = answer;
    await expect(run()).resolves.toMatchObject({ kind: 'cancelled' });
    expect(begun).toEqual([1]);
  });

  it('snoozes when the process has to go, and so uses up no try', async () => {
    const { run, begun, script, stop } = bench(5, 1);
    script.beforeStep = (n) => void (n === 3 && stop.abort());
    await expect(run()).resolves.toMatchObject({ kind: 'snoozed', retry_after_ms: 0 });
    expect(begun).toEqual([1, 2, 3]);
  });

  it('goes back when the process had to go before it began', async () => {
    const { run, begun, told, stop } = bench(5, 1_000);
    stop.abort();
    await expect(run()).resolves.toMatchObject({ kind: 'returned' });
    expect([begun, told]).toEqual([[], []]);
  });

  it('goes on when its progress does not arrive', async () => {
    const { run, queue } = bench(3, 1_000);
    queue.progress = () => Promise.reject(new Error('queue away'));
    await expect(run()).resolves.toMatchObject({ kind: 'succeeded' });
  });

  it('is tried again when a step fails', async () => {
    const { run, script } = bench(3, 1);
    script.beforeStep = () => {
      throw new Error('database away');
    };
    await expect(run()).resolves.toMatchObject({ kind: 'deferred', error_code: 'step_failed' });
  });
});
