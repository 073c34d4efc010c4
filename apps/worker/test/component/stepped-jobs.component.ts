import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { maintenanceTasks } from '@penguinmails/contracts';
import { eventually } from '@penguinmails/testing';
import { WorkerBench } from './worker-bench.js';

const MAINTENANCE = '/internal/maintenance:run';
const REDRIVE = '/internal/dead-letters:redrive';
const PROGRESS = '/internal/leases:progress';

describe('jobs that are no mail', () => {
  let bench: WorkerBench;

  beforeEach(async () => {
    bench = await WorkerBench.start();
  });
  afterEach(() => bench.stop());

  const called = <T>(path: string) => bench.queue.server.bodiesOf<T>(path);
  const lastProgress = () => called<{ progress: unknown }>(PROGRESS).at(-1)?.progress;

  it('maintenance: every task until nothing is left, and its progress', async () => {
    bench.queue.untidy.set('dedupe_keys', 2_500);
    const id = bench.offer('maintenance');
    await expect(bench.outcomeOf(id)).resolves.toMatchObject({
      kind: 'succeeded',
      error_code: null,
    });
    const tasks = called<{ task: string; limit: number }>(MAINTENANCE).map(({ task }) => task);
    expect(tasks.filter((task) => task === 'dedupe_keys')).toHaveLength(3);
    expect([...new Set(tasks)]).toEqual(maintenanceTasks);
    expect(lastProgress()).toEqual({ done: 2_500, total: null, failed: 0 });
  });

  it('redrive: letter by letter until none fits, none that dies after the job was made', async () => {
    bench.queue.deadLetters = Array.from({ length: 1_200 }, (_, n) => `letter-${n}`);
    const filter = { outcome: 'deferred', died_before: '2026-11-25T00:00:00.000Z' };
    const id = bench.offer('dead_letters_redrive', { filter, expected: 1_200 });
    await expect(bench.outcomeOf(id)).resolves.toMatchObject({ kind: 'succeeded' });
    const bounded = { outcome: 'deferred', died_before: '2026-11-23T00:00:00.000Z' };
    expect(called(REDRIVE)).toEqual(Array(3).fill({ filter: bounded, limit: 500 }));
    expect(lastProgress()).toEqual({ done: 1_200, total: 1_200, failed: 0 });
  });

  it('redrive: an earlier bound that was asked for stays', async () => {
    const filter = { died_before: '2026-11-22T00:00:00.000Z' };
    await bench.outcomeOf(bench.offer('dead_letters_redrive', { filter }));
    expect(called(REDRIVE)).toEqual([{ filter, limit: 500 }]);
    expect(lastProgress()).toEqual({ done: 0, total: null, failed: 0 });
  });

  it.each([
    ['what the queue refuses', { filter: { type: 'unheard_of' } }, 'refused_by_tier'],
    ['a payload that breaks its contract', { filter: { recipient: 'x' } }, 'payload_invalid'],
  ])('fail for good with %s', async (_what, payload, error_code) => {
    const id = bench.offer('dead_letters_redrive', payload);
    await expect(bench.outcomeOf(id)).resolves.toMatchObject({ kind: 'failed', error_code });
  });

  it('go on elsewhere when the worker has to go in the middle of one', async () => {
    bench.queue.untidy.set('dead_letters', 1_000_000_000);
    const id = bench.offer('maintenance');
    await eventually(() => expect(called(MAINTENANCE).length).toBeGreaterThan(0));
    await bench.stopWorker();
    expect(bench.queue.kindsOf(id)).toEqual(['snoozed']);
    const left = bench.queue.untidy.get('dead_letters');
    expect(left).toBeGreaterThan(0);
    expect(lastProgress()).toEqual({ done: 1_000_000_000 - left!, total: null, failed: 0 });
  });

  it('do not keep mail waiting', async () => {
    const release = bench.queue.server.hold();
    bench.queue.untidy.set('dead_letters', 1_000_000);
    bench.offer('maintenance');
    const to = 'meanwhile@receiver.test';
    const id = bench.send({ to });
    release();
    await expect(bench.outcomeOf(id)).resolves.toMatchObject({ kind: 'delivered' });
    expect(bench.copiesTo(to)).toBe(1);
  });
});
