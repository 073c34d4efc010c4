export interface LoopSettings {
  /** Longest wait of an idle loop. */
  readonly pollMs: number;
  /** Claims, handles and finishes. @returns how many jobs it found */
  readonly round: () => Promise<number>;
}

/** Loops that work while there is something, and otherwise wait for a wake-up or the next poll. */
export class Loops {
  #stopping = false;
  #wakeUps = 0;
  #running: Promise<void>[] = [];
  readonly #sleepers = new Set<() => void>();
  readonly #settings: LoopSettings;

  constructor(settings: LoopSettings) {
    this.#settings = settings;
  }

  start(count: number): void {
    this.#running = Array.from({ length: count }, () => this.#loop());
  }

  /** One sleeper goes; when it finds more than it can take, others follow at their next poll. */
  wake(): void {
    this.#wakeUps += 1;
    const [first] = this.#sleepers;
    first?.();
  }

  /** @throws Error of a round that failed */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const resume of [...this.#sleepers]) resume();
    await Promise.all(this.#running);
  }

  async #loop(): Promise<void> {
    while (!this.#stopping) {
      const seen = this.#wakeUps;
      const found = await this.#settings.round();
      // A wake-up during an empty round may be about a job that this round could not see yet.
      if (found === 0 && seen === this.#wakeUps && !this.#stopping) await this.#sleep();
    }
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(resume);
        resolve();
      };
      const timer = setTimeout(resume, this.#settings.pollMs);
      this.#sleepers.add(resume);
    });
  }
}
