import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { measured } from './measured.js';

const BUSY_MS = 300;

/** Holds the thread as a machine does that gives it no core. */
function hold(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('what is measured', () => {
  it('counts waiting, but not the time in which nothing could run', async () => {
    const { result, ms, activeMs } = await measured(async () => {
      await delay(50);
      hold(BUSY_MS);
      await delay(50);
      return 'done';
    });
    expect(result).toBe('done');
    expect(ms).toBeGreaterThan(BUSY_MS + 90);
    expect(ms - activeMs).toBeGreaterThan(BUSY_MS - 20);
    expect(activeMs).toBeGreaterThan(10);
  });

  it('throws what it throws', async () => {
    await expect(measured(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
