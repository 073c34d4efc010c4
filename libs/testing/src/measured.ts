const TICK_MS = 10;

/** What came of it and how long it took, in milliseconds. */
export interface Measured<T> {
  readonly result: T;
  /** By the clock. */
  readonly ms: number;
  /** Without the time in which this process did not get to run: for bounds that a busy machine must not break. */
  readonly activeMs: number;
}

/**
 * Runs something and says how long it took.
 * @throws what it throws
 */
export async function measured<T>(run: () => Promise<T>): Promise<Measured<T>> {
  const startedAt = performance.now();
  let stalledMs = 0;
  let lastAt = startedAt;
  const noteStall = (): void => {
    const now = performance.now();
    stalledMs += Math.max(0, now - lastAt - TICK_MS);
    lastAt = now;
  };
  const ticks = setInterval(noteStall, TICK_MS);
  try {
    const result = await run();
    noteStall();
    const ms = performance.now() - startedAt;
    return { result, ms, activeMs: ms - stalledMs };
  } finally {
    clearInterval(ticks);
  }
}
