import type { DataSource, EntityManager } from 'typeorm';
import { bindEntityManager } from '../connection/entity-source.js';
import type { StatementResult } from '../protocol/statement-batch.js';
import { type Statement, statement } from '../protocol/statement.js';
import type { QueryResult, StatementOptions, TenantTransaction } from '../transactions.js';
import type { CommitHooks } from './commit-hooks.js';
import { MoreThanOneStatement } from './transaction-errors.js';

export type Execute = (next: Statement) => Promise<StatementResult>;

/** `query` of every kind of transaction. */
export async function query<R extends object>(
  execute: Execute,
  text: string,
  values?: readonly unknown[],
  options?: StatementOptions,
): Promise<QueryResult<R>> {
  const { rows, rowCount } = await execute(statement(text, values, options?.name));
  return { rows: rows as R[], rowCount };
}

/** One tenant's view of a transaction: each statement is sent under this tenant. */
export class TenantView implements TenantTransaction {
  readonly login = 'app';
  readonly onCommit: TenantTransaction['onCommit'];
  private manager?: EntityManager;

  constructor(
    readonly tenantId: string,
    private readonly execute: Execute,
    hooks: CommitHooks,
    /** Absent in `once`: an EntityManager sends as many statements as it likes. */
    private readonly source?: DataSource,
  ) {
    this.onCommit = hooks.add;
  }

  query<R extends object>(
    text: string,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<R>> {
    return query<R>(this.execute, text, values, options);
  }

  get entities(): EntityManager {
    if (!this.source) throw new MoreThanOneStatement();
    this.manager ??= bindEntityManager(this.source, {
      query: (text, values) => this.execute(statement(text, values)),
    });
    return this.manager;
  }
}
