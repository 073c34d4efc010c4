import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 200;

/** Asks until there is a value. @throws Error naming `what` when there is none in time */
export async function until<T>(
  withinMs: number,
  what: string,
  ask: () => Promise<T | undefined>,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await ask();
    if (value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`no ${what} within ${withinMs} ms`);
    await delay(INTERVAL_MS);
  }
}
