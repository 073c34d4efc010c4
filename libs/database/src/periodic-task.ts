import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import type { Logger } from '@penguinmails/observability';

export interface PeriodicTaskSettings {
  /** Appears in logs. */
  readonly name: string;
  /** From the end of one run to the start of the next. */
  readonly everyMs: number;
  readonly run: () => Promise<unknown>;
  /** Whether a last run belongs to the end of the process. */
  readonly runsAtEnd?: boolean;
  readonly logger: Logger;
}

/**
 * Runs a piece of the tier's own housekeeping while the application runs: never twice at a time in one
 * process, and a failed run is logged and followed by the next one.
 */
export class PeriodicTask implements OnApplicationBootstrap, BeforeApplicationShutdown {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(private readonly settings: PeriodicTaskSettings) {}

  onApplicationBootstrap(): void {
    this.#plan();
  }

  /** Waits for the run under way: the database is closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
    if (this.settings.runsAtEnd) await this.#runOnce();
  }

  #plan(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#runOnce().then(() => this.#plan());
    }, this.settings.everyMs);
    this.#timer.unref();
  }

  async #runOnce(): Promise<void> {
    const { name, run, logger } = this.settings;
    try {
      await run();
    } catch (error) {
      logger.warn({ err: error, task: name }, 'periodic task failed; it is tried again');
    }
  }
}
