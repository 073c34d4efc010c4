import { setTimeout as pause } from 'node:timers/promises';

const FIRST_MS = 100;
const LAST_MS = 2_000;

/** Waits longer after each failure in a row, with jitter, and never longer than two seconds. */
export class BackOff {
  private failures = 0;

  reset(): void {
    this.failures = 0;
  }

  /** Waits after a failure; returns early, without an error, when the signal aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    const ceiling = Math.min(LAST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    const delay = ceiling / 2 + Math.random() * (ceiling / 2);
    await pause(delay, undefined, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
}
