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

/** A plain pool: the system login maps no entities. */
export class PlainPool implements PoolOwner {
  readonly opened: pg.Pool;

  constructor(settings: LoginSettings, applicationName: string, onProblem: (e: Error) => void) {
    this.opened = new pg.Pool({
      connectionString: settings.url,
      ...poolConfig(settings, applicationName),
    });
    this.opened.on('error', onProblem);
  }

  async pool(): Promise<pg.Pool> {
    return this.opened;
  }

  async close(): Promise<void> {
    await this.opened.end();
  }
}
