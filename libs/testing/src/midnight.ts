import { eventually } from './eventually.js';

const DAY_MS = 86_400_000;
const LEAST_MS = 60_000;

/**
 * Resolves when the day (UTC) still lasts a while: at once, but in its last minute only after it is over.
 * For tests of what is counted by the day.
 */
export async function awayFromMidnight(now: () => number = Date.now): Promise<void> {
  await eventually(() => DAY_MS - (now() % DAY_MS) > LEAST_MS, {
    timeoutMs: 2 * LEAST_MS,
    intervalMs: 100,
  });
}
