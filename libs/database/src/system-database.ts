import type { SystemSlice, SystemTransaction, TransactionOptions } from './transactions.js';

/** Work about all tenants on the tier's system login. */
export declare class SystemDatabase {
  /** Runs `work` in one transaction; retried as a whole like a tenant's. */
  transaction<T>(
    work: (tx: SystemTransaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;

  /** Exactly one statement, one round trip. */
  once<T>(
    work: (tx: SystemTransaction) => Promise<T>,
    options?: Pick<TransactionOptions, 'readOnly'>,
  ): Promise<T>;

  /** One transaction with savepoints (a consumer's slice). */
  slice<T>(work: (slice: SystemSlice) => Promise<T>): Promise<T>;
}
