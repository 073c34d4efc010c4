import type { TenantSlice, TenantTransaction, TransactionOptions } from './transactions.js';

/** Tenant work on the tier's app login. */
export declare class TenantDatabase {
  /**
   * Runs `work` in one transaction of the tenant. BEGIN and the tenant travel with the first
   * statement. Run again as a whole (three times at most) on 40001 and 40P01, so `work` must have
   * no effect outside the transaction; such effects belong into `tx.onCommit`.
   */
  transaction<T>(
    tenantId: string,
    work: (tx: TenantTransaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T>;

  /** Exactly one statement, one round trip: tenant and statement in one protocol batch. */
  once<T>(
    tenantId: string,
    work: (tx: TenantTransaction) => Promise<T>,
    options?: Pick<TransactionOptions, 'readOnly'>,
  ): Promise<T>;

  /** One transaction over records of several tenants (a consumer's slice). */
  slice<T>(work: (slice: TenantSlice) => Promise<T>): Promise<T>;
}
