import { describe, expect, it } from '@jest/globals';
import { eventually } from '@penguinmails/testing';
import { POLL_INTERVAL_MS, ReadyJobs } from './ready-jobs.js';

const NEVER = new AbortController().signal;
const LONG_MS = 30_000;

/** A hot table of a number; each claim takes one and is counted. */
function table(jobs: number) {
  const claims: number[] = [];
  return {
    claims,
    put: (more: number) => (jobs += more),
    claim: async () => {
      claims.push(performance.now());
      return jobs > 0 ? [jobs--] : [];
    },
  };
}

describe('waiting for ready jobs', () => {
  it('gives what is there at once', async () => {
    const ready = new ReadyJobs();
    const { claim } = table(1);
    await expect(ready.take('a', LONG_MS, NEVER, claim)).resolves.toEqual([1]);
  });

  it('answers with nothing when the wait is over', async () => {
    const ready = new ReadyJobs();
    const { claim } = table(0);
    await expect(ready.take('a', 20, NEVER, claim)).resolves.toEqual([]);
  });

  it('is woken by a commit, well before the poll', async () => {
    const ready = new ReadyJobs();
    const { claim, claims, put } = table(0);
    // The wait is over before the first poll: only the wake-up can find the job.
    const waiting = ready.take('a', POLL_INTERVAL_MS / 2, NEVER, claim);
    await eventually(() => claims.length === 1);
    put(1);
    ready.wake();
    await expect(waiting).resolves.toEqual([1]);
  });

  it('sees a commit that happened while a claim was under way', async () => {
    const ready = new ReadyJobs();
    let first = true;
    const taken = await ready.take('a', POLL_INTERVAL_MS / 2, NEVER, async () => {
      if (!first) return ['late'];
      first = false;
      ready.wake();
      return [];
    });
    expect(taken).toEqual(['late']);
  });

  it('asks once a poll for ten waiters, and finds what nobody announced', async () => {
    const ready = new ReadyJobs();
    const { claim, claims, put } = table(0);
    const answers = Promise.all(
      Array.from({ length: 10 }, () => ready.take('a', LONG_MS, NEVER, claim)),
    );
    await eventually(() => claims.length >= 4);
    const initial = claims.length;
    expect(initial).toBeLessThanOrEqual(10);
    await eventually(() => claims.length >= initial + 2);
    const [poll, next] = claims.slice(initial);
    expect(next - poll).toBeGreaterThan(POLL_INTERVAL_MS * 0.9);
    put(10);
    expect((await answers).flat()).toHaveLength(10);
  });

  it('does not starve those whose wait is shorter than the poll', async () => {
    const ready = new ReadyJobs();
    const { claim, put } = table(0);
    await ready.take('a', 0, NEVER, claim);
    put(1);
    const found = await eventually(async () => {
      const taken = await ready.take('a', 10, NEVER, claim);
      return taken.length > 0 && taken;
    });
    expect(found).toEqual([1]);
  });

  it('keeps kinds apart: nothing of one says nothing about another', async () => {
    const ready = new ReadyJobs();
    await ready.take('a', 0, NEVER, table(0).claim);
    await expect(ready.take('b', 0, NEVER, table(1).claim)).resolves.toEqual([1]);
  });

  it('lets go when the asker is gone and when the process goes', async () => {
    const ready = new ReadyJobs();
    const { claim, claims } = table(0);
    const gone = new AbortController();
    const abandoned = ready.take('a', LONG_MS, gone.signal, claim);
    const waiting = ready.take('a', LONG_MS, NEVER, claim);
    await eventually(() => claims.length > 0);
    gone.abort();
    await expect(abandoned).resolves.toEqual([]);
    ready.onModuleDestroy();
    await expect(waiting).resolves.toEqual([]);
  });

  it('passes a failing claim on and keeps its place free for others', async () => {
    const ready = new ReadyJobs();
    const failing = () => Promise.reject(new Error('database away'));
    for (let i = 0; i < 6; i++)
      await expect(ready.take('a', 10, NEVER, failing)).rejects.toThrow('database away');
    await expect(ready.take('a', 10, NEVER, table(1).claim)).resolves.toEqual([1]);
  });
});
