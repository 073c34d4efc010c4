import { pause } from '@penguinmails/kafka';
import { forgetOldDead } from './dead-events.js';
import { dueKeys, type ParkedKey } from './parked-events.js';
import { type RetryContext, retryKey } from './retry-key.js';
import { inSliceSession } from './slice-session.js';
import { untraced } from './trace-batch.js';

const LOOK_EVERY_MS = 1000;
const FORGET_EVERY_MS = 3_600_000;

export interface ParkedRetrySettings extends RetryContext {
  /** Default 1 s. */
  lookEveryMs?: number;
}

/**
 * Retries the first parked event of each key by a timer; when it succeeds the ones behind it follow
 * at once; after its last try it goes to the dead letters and the ones behind it follow too. Every
 * replica runs one.
 */
export class ParkedRetry {
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;
  #forgotAt = -Infinity;

  constructor(private readonly settings: ParkedRetrySettings) {}

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Finishes the key in hand. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await untraced(() => this.#look());
      await untraced(() => this.#forget());
      await pause(this.settings.lookEveryMs ?? LOOK_EVERY_MS, signal);
    }
  }

  async #look(): Promise<void> {
    const { database, group, registry, logger } = this.settings;
    try {
      const look = database.system.once((tx) => dueKeys(tx, group, registry.topics), {
        readOnly: true,
      });
      for (const key of await look) {
        if (!this.#stopping.signal.aborted) await this.#retry(key);
      }
    } catch (error) {
      logger.warn({ err: error }, 'parked events not looked at');
    }
  }

  /** Hourly; by thousands until none is too old. */
  async #forget(): Promise<void> {
    if (Date.now() - this.#forgotAt < FORGET_EVERY_MS) return;
    const { database, group, logger } = this.settings;
    try {
      const forgotten = await database.system.once((tx) => forgetOldDead(tx, group));
      if (forgotten === 0) this.#forgotAt = Date.now();
    } catch (error) {
      logger.warn({ err: error }, 'old dead events not removed');
    }
  }

  async #retry(key: ParkedKey): Promise<void> {
    const { database, registry, logger } = this.settings;
    try {
      await inSliceSession(database, registry.loginOf(key.topic), new Map(), (session) =>
        retryKey(session, key, this.settings),
      );
    } catch (error) {
      logger.warn({ err: error, topic: key.topic }, 'parked events of a key not retried this time');
    }
  }
}
