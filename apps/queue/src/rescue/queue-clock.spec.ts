import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger } from '@penguinmails/observability';
import { nothingDue } from '../leader/due.js';
import { QueueClock, TICK_MS } from './queue-clock.js';
import type { RescueRound } from './rescue-jobs.js';

const CALM: RescueRound = { led: true, outageMs: 0, rescued: 0, more: false, due: nothingDue };
const FULL: RescueRound = { ...CALM, rescued: 500, more: true };
const full = async () => FULL;

/** A clock whose rounds are these, and calm ones from then on. */
function clockOf(...rounds: (() => Promise<RescueRound>)[]) {
  const execute = jest.fn(async () => (await rounds.shift()?.()) ?? CALM);
  const start = jest.fn();
  const log = createLogger('queue', { level: 'silent' });
  return { execute, start, clock: new QueueClock({ execute } as never, { start } as never, log) };
}

/** Everything that is due by now: promises, and timers of no time. */
const settled = () => jest.advanceTimersByTimeAsync(0);

describe('the clock', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('asks again at once while leases that ran out are left, and then once a second', async () => {
    const { clock, execute, start } = clockOf(full, full);
    clock.onApplicationBootstrap();
    await settled();
    expect(execute).toHaveBeenCalledTimes(3);
    expect(start).toHaveBeenCalledTimes(3);
    await jest.advanceTimersByTimeAsync(TICK_MS - 1);
    expect(execute).toHaveBeenCalledTimes(3);
    await jest.advanceTimersByTimeAsync(1);
    expect(execute).toHaveBeenCalledTimes(4);
    await clock.onModuleDestroy();
  });

  it('stops after the round that is under way, whatever that leaves', async () => {
    const round = Promise.withResolvers<RescueRound>();
    const { clock, execute } = clockOf(full, () => round.promise);
    clock.onApplicationBootstrap();
    await settled();
    const stopped = clock.onModuleDestroy();
    round.resolve(FULL);
    await stopped;
    await jest.advanceTimersByTimeAsync(10 * TICK_MS);
    expect(execute).toHaveBeenCalledTimes(2);
  });

  it('waits for its second after a round that failed', async () => {
    const { clock, execute } = clockOf(full, () => Promise.reject(new Error('database away')));
    clock.onApplicationBootstrap();
    await settled();
    expect(execute).toHaveBeenCalledTimes(2);
    await jest.advanceTimersByTimeAsync(TICK_MS);
    expect(execute).toHaveBeenCalledTimes(3);
    await clock.onModuleDestroy();
  });
});
