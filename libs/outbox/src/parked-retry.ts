import { setTimeout as delay } from 'node:timers/promises';
import { dueKeys, type ParkedKey } from './parked-events.js';
import { type RetryContext, retryKey } from './retry-key.js';
import { inSliceSession } from './slice-session.js';
import { untraced } from './trace-batch.js';

const LOOK_EVERY_MS = 1000;

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
      const ms = this.settings.lookEveryMs ?? LOOK_EVERY_MS;
      await delay(ms, undefined, { signal }).catch(() => undefined);
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
