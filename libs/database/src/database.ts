import type { DatabaseSettings } from './settings.js';
import type { SystemDatabase } from './system-database.js';
import type { TenantDatabase } from './tenant-database.js';

export interface PoolStats {
  readonly max: number;
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/** The two logins of one tier's database. */
export declare class Database {
  readonly tenants: TenantDatabase;
  readonly system: SystemDatabase;
  /** Round trip of the app login in milliseconds; throws when there is no answer within 1 s. */
  ping(): Promise<number>;
  /** Throws when a login owns a relation, may bypass row level security or lacks the time-outs. */
  assertLogins(): Promise<void>;
  poolStats(): { app: PoolStats; system: PoolStats };
  /** Waits for running transactions, then closes all connections. */
  close(): Promise<void>;
}

/** Connects lazily: the first use, `ping` or `assertLogins` opens the first connection. */
export declare function openDatabase(settings: DatabaseSettings): Database;
