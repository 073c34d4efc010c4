import type { EntityManager } from 'typeorm';

/** Rows of one statement; `rowCount` is the number of rows returned or affected. */
export interface QueryResult<R> {
  rows: R[];
  rowCount: number;
}

export interface StatementOptions {
  /**
   * Prepare the statement once per connection under this name (one name = one text). Ignored on a
   * pooled connection. A generic plan may follow after five runs: name only statements whose plan
   * does not depend on the values.
   */
  readonly name?: string;
}

interface Statements {
  /**
   * Runs one statement with bound values. Types as node-postgres reads them, except `date`, which
   * stays the string `YYYY-MM-DD`; bigint and numeric are strings.
   */
  query<R extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<R>>;

  /**
   * Runs after the commit is confirmed, never after a rollback, once also when the transaction was
   * retried. A failing hook is reported as a problem; it cannot undo the commit.
   */
  onCommit(hook: () => void | Promise<void>): void;
}

/** Work of one tenant on the app login. Every repository method takes one as first argument. */
export interface TenantTransaction extends Statements {
  readonly login: 'app';
  readonly tenantId: string;
  /** TypeORM on this very connection and transaction: row level security applies to it as well. */
  readonly entities: EntityManager;
}

/**
 * One statement over rows of several tenants on the app login, each row under its own tenant. Its `$1`
 * is the list of tenants (uuid[]), `values` begin at `$2`; every relation whose rows it reads or writes
 * something for comes through {@link underTenants}.
 */
export interface TenantRows extends Statements {
  readonly login: 'app';
  readonly tenantIds: readonly string[];
}

/** Work about all tenants on the system login; its statements take (tenant_id, id) pairs. */
export interface SystemTransaction extends Statements {
  readonly login: 'system';
}

interface Savepoints {
  /** Runs `work` under a savepoint; when it throws, undoes its statements only and rethrows. */
  savepoint<T>(work: () => Promise<T>): Promise<T>;
}

/**
 * One transaction over records of several tenants on the app login. Its own `query` reaches tables
 * without tenant data only (inbox, consumer_position): on others the policy raises 42704.
 */
export interface TenantSlice extends Statements, Savepoints {
  readonly login: 'app';
  /** The tenant's view of this transaction; each of its statements is sent under its own tenant. */
  forTenant(tenantId: string): Promise<TenantTransaction>;
}

/** One transaction over records of several tenants on the system login. */
export interface SystemSlice extends SystemTransaction, Savepoints {}

export interface TransactionOptions {
  /** BEGIN READ ONLY: a write inside is refused (25006). */
  readonly readOnly?: boolean;
  /** Default: read committed. */
  readonly isolation?: 'repeatable read' | 'serializable';
}
