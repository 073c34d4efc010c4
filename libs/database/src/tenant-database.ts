import type { EntitySource } from './connection/entity-source.js';
import type { Login } from './connection/login.js';
import type { CommitHooks } from './transaction/commit-hooks.js';
import type { OpenTransaction } from './transaction/open-transaction.js';
import { runSingleStatement } from './transaction/run-single-statement.js';
import { runSlice, runTransaction } from './transaction/run-transaction.js';
import { query, TenantView } from './transaction/tenant-view.js';
import type {
  TenantRows,
  TenantSlice,
  TenantTransaction,
  TransactionOptions,
} from './transactions.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function assertTenantId(tenantId: string): void {
  if (!UUID.test(tenantId)) throw new TypeError('the tenant id is not a UUID');
}

/** Tenant work on the tier's app login. */
export class TenantDatabase {
  constructor(
    private readonly login: Login,
    private readonly source: EntitySource,
  ) {}

  /**
   * Runs `work` in one transaction of the tenant. BEGIN and the tenant travel with the first
   * statement. Run again as a whole (three times at most) on 40001 and 40P01, so `work` must have
   * no effect outside the transaction; such effects belong into `tx.onCommit`. Rejects with
   * TenantBusy when the tenant has 100 transactions running or waiting.
   */
  async transaction<T>(
    tenantId: string,
    work: (tx: TenantTransaction) => Promise<T>,
    options?: TransactionOptions,
  ): Promise<T> {
    assertTenantId(tenantId);
    return runTransaction(
      this.login.of(tenantId),
      async (transaction, hooks) => work(await this.view(tenantId, transaction, hooks)),
      options,
    );
  }

  /**
   * Exactly one statement (or none), one round trip: tenant and statement in one protocol batch, one
   * implicit transaction. A second statement and `entities` throw MoreThanOneStatement.
   */
  async once<T>(
    tenantId: string,
    work: (tx: TenantTransaction) => Promise<T>,
    options: Pick<TransactionOptions, 'readOnly'> = {},
  ): Promise<T> {
    assertTenantId(tenantId);
    return runSingleStatement(this.login.of(tenantId), { tenantId, ...options }, (single, hooks) =>
      work(new TenantView(tenantId, (next) => single.execute(next), hooks)),
    );
  }

  /**
   * Exactly one statement (or none) over rows of several tenants, each row under its own tenant, one round
   * trip, one implicit transaction: all count or none. None waits long for a lock. Not retried; on the
   * account of no tenant, so callers bound how many of these run at a time. What it costs to start a
   * statement is paid once, and not once for each tenant (ADR 25).
   *
   * @param tenantIds the statement's `$1`; a row says by its place in this list whose it is
   */
  async rowByRow<T>(
    tenantIds: readonly string[],
    work: (tx: TenantRows) => Promise<T>,
  ): Promise<T> {
    tenantIds.forEach(assertTenantId);
    return runSingleStatement(this.login, { rowByRow: true }, (single, hooks) =>
      work({
        login: 'app',
        tenantIds,
        query: (text, values = [], options) =>
          query((next) => single.execute(next), text, [tenantIds, ...values], options),
        onCommit: hooks.add,
      }),
    );
  }

  /** One transaction over records of several tenants (a consumer's slice); retried as a whole. */
  async slice<T>(work: (slice: TenantSlice) => Promise<T>): Promise<T> {
    return runSlice(this.login, (transaction, hooks) =>
      work({
        login: 'app',
        query: (text, values, options) =>
          query((next) => transaction.execute(undefined, next), text, values, options),
        onCommit: hooks.add,
        savepoint: (inner) => transaction.savepoint(inner),
        forTenant: async (tenantId) => {
          assertTenantId(tenantId);
          return this.view(tenantId, transaction, hooks);
        },
      }),
    );
  }

  private async view(
    tenantId: string,
    transaction: OpenTransaction,
    hooks: CommitHooks,
  ): Promise<TenantTransaction> {
    const source = await this.source.open();
    return new TenantView(tenantId, (next) => transaction.execute(tenantId, next), hooks, source);
  }
}
