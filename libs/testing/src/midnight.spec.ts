import { describe, expect, it } from '@jest/globals';
import { awayFromMidnight } from './midnight.js';

const MIDNIGHT = Date.UTC(2026, 10, 24);

describe('away from midnight', () => {
  it.each([
    ['is at once when there is time left', [-60_001], 1],
    ['is at once after midnight', [0], 1],
    ['waits for the next day in the last seconds of one', [-60_000, -1, 0], 3],
  ])('%s', async (_what, times, looks) => {
    let looked = 0;
    await awayFromMidnight(() => MIDNIGHT + times[Math.min(looked++, times.length - 1)]);
    expect(looked).toBe(looks);
  });
});
