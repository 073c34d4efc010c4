/** Lets a commit in this process wake the relay at once, instead of at its next poll. */
export class WakeUp {
  #pending = false;
  #wake: (() => void) | undefined;

  notify(): void {
    this.#pending = true;
    this.#wake?.();
  }

  /** Resolves at the next notification, or at once if one came since the last wait; else in time. */
  async wait(timeoutMs: number): Promise<void> {
    if (!this.#pending) await this.#notified(timeoutMs);
    this.#pending = false;
  }

  #notified(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
