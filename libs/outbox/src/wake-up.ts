/** Lets a commit in this process wake the relay, instead of its next poll. */
export class WakeUp {
  #pending = false;
  #until: number | undefined;
  #changed: (() => void) | undefined;

  /** Somebody waits for what was written. */
  notify(): void {
    this.#pending = true;
    this.#changed?.();
  }

  /**
   * What was written may wait so many ms for more, counted from the first of it. It is a promise to come
   * back then, so it also puts off a poll that would be earlier.
   */
  notifyWithin(ms: number): void {
    this.#until ??= performance.now() + ms;
    this.#changed?.();
  }

  /** Resolves at the next notification, or at once if one came since the last wait; else in time. */
  async wait(timeoutMs: number): Promise<void> {
    const poll = performance.now() + timeoutMs;
    for (;;) {
      const leftMs = (this.#until ?? poll) - performance.now();
      if (this.#pending || leftMs <= 0) break;
      await this.#changedWithin(leftMs);
    }
    this.#pending = false;
    this.#until = undefined;
  }

  #changedWithin(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#changed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
