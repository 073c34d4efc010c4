import pg from 'pg';
import type { LoginSettings } from '../settings.js';
import { poolConfig } from './pool-config.js';

/** Whoever makes and closes the pool of a login. */
export interface PoolOwner {
  /** Opens on first use; a failure is forgotten, so that the next use tries again. */
  pool(): Promise<pg.Pool>;
  /** The pool if it was opened. */
  readonly opened: pg.Pool | undefined;
  close(): Promise<void>;
}

/**
 * Hears the end of a connection for which nobody listens. A server that shuts down may say so in the
 * same packet in which it says ready: the pool listens no more then and the session not yet, and
 * without a listener the process would end.
 */
export function hearAll(pool: pg.Pool, onProblem: (error: Error) => void): void {
  pool.on('connect', (client) => {
    client.on('error', (error) => {
      if (client.listenerCount('error') === 1) onProblem(error);
    });
  });
}

/** A plain pool: the system login maps no entities. */
export class PlainPool implements PoolOwner {
  readonly opened: pg.Pool;

  constructor(settings: LoginSettings, applicationName: string, onProblem: (e: Error) => void) {
    this.opened = new pg.Pool({
      connectionString: settings.url,
      ...poolConfig(settings, applicationName),
    });
    this.opened.on('error', onProblem);
    hearAll(this.opened, onProblem);
  }

  async pool(): Promise<pg.Pool> {
    return this.opened;
  }

  async close(): Promise<void> {
    await this.opened.end();
  }
}
