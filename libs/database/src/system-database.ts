import type { Login } from './connection/login.js';
import type { CommitHooks } from './transaction/commit-hooks.js';
import type { OpenTransaction } from './transaction/open-transaction.js';
import { runSingleStatement } from './transaction/run-single-statement.js';
import { runSlice, runTransaction } from './transaction/run-transaction.js';
import { type Execute, query } from './transaction/tenant-view.js';
import type { SystemSlice, SystemTransaction, TransactionOptions } from './transactions.js';

function systemView(execute: Execute, hooks: CommitHooks): SystemTransaction {
  return {
    login: 'system',
    query: (text, values, options) => query(execute, text, values, options),
    onCommit: hooks.add,
  };
}

function inTransaction(transaction: OpenTransaction): Execute {
  return (next) => transaction.execute(undefined, next);
}

/** Work about all tenants on the tier's system login. */
export class SystemDatabase {
  constructor(private readonly login: Login) {}

  /** Runs `work` in one transaction; retried as a whole like a tenant's. */
  async transaction<T>(
    work: (tx: SystemTransaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    return runTransaction(
      this.login,
      (transaction, hooks) => work(systemView(inTransaction(transaction), hooks)),
      options,
    );
  }

  /** Exactly one statement (or none), one round trip. */
  async once<T>(
    work: (tx: SystemTransaction) => Promise<T>,
    options: Pick<TransactionOptions, 'readOnly'> = {},
  ): Promise<T> {
    return runSingleStatement(this.login, options, (single, hooks) =>
      work(systemView((next) => single.execute(next), hooks)),
    );
  }

  /** One transaction with savepoints (a consumer's slice); retried as a whole. */
  async slice<T>(work: (slice: SystemSlice) => Promise<T>): Promise<T> {
    return runSlice(this.login, (transaction, hooks) =>
      work({
        ...systemView(inTransaction(transaction), hooks),
        savepoint: (inner) => transaction.savepoint(inner),
      }),
    );
  }
}
