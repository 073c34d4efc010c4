import { setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 90 s: a bound for a machine that stands still at times, not an expectation. */
  readonly timeoutMs?: number;
  /** Default 25 ms. */
  readonly intervalMs?: number;
}

type Outcome<T> = { done: true; value: Exclude<T, false> } | { done: false; reason: unknown };

async function attempt<T>(check: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    const value = await check();
    if (value === false) return { done: false, reason: new Error('the check returned false') };
    return { done: true, value: value as Exclude<T, false> };
  } catch (reason) {
    return { done: false, reason };
  }
}

/**
 * Calls `check` until it neither throws nor returns false, and gives its result; at the time-out
 * throws with the last failure as cause.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 90_000, intervalMs = 25 }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const outcome = await attempt(check);
    if (outcome.done) return outcome.value;
    if (Date.now() >= deadline) {
      const last = outcome.reason instanceof Error ? outcome.reason.message : outcome.reason;
      throw new Error(`not so within ${timeoutMs} ms: ${last}`, { cause: outcome.reason });
    }
    await delay(intervalMs);
  }
}
