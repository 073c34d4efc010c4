import type { SessionSource } from '../connection/login.js';
import type { Session } from '../connection/session.js';
import type { StatementResult } from '../protocol/statement-batch.js';
import {
  begin,
  COMMIT,
  READ_TENANT,
  ROLLBACK,
  setTenant,
  type Statement,
  statement,
} from '../protocol/statement.js';
import type { TransactionOptions } from '../transactions.js';
import {
  CommitOutcomeUnknown,
  SurvivingTenant,
  TransactionOver,
  TransactionRolledBack,
} from './transaction-errors.js';

/**
 * One transaction on one connection. The connection is taken at the first statement; BEGIN and the
 * tenant travel in the same batch as the statement that needs them, so they cost no round trip.
 * Each statement says under which tenant it runs: several tenants' views of one transaction cannot
 * get into each other's way.
 */
export class OpenTransaction {
  private session?: Session;
  private tenant?: string;
  private over = false;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly login: SessionSource,
    private readonly options: TransactionOptions = {},
  ) {}

  /** Runs one statement; statements asked for at the same time run one after the other. */
  execute(tenantId: string | undefined, next: Statement): Promise<StatementResult> {
    const result = this.tail.then(() => this.send(tenantId, next));
    // Only the order: the caller gets the failure from `result`.
    this.tail = result.catch(() => undefined);
    return result;
  }

  private async send(tenantId: string | undefined, next: Statement): Promise<StatementResult> {
    if (this.over) throw new TransactionOver();
    const session = await this.open();
    const prelude = this.prelude(tenantId);
    const fresh = session.transactionStatus === 'I';
    const batch = fresh ? [this.beginning(), ...prelude] : prelude;
    const results = await this.run(session, [...batch, next]);
    if (fresh && prelude.length > 0) this.refuseSurvivor(session, results[1]?.value);
    return this.accept(session, tenantId, results.at(-1)!);
  }

  private async open(): Promise<Session> {
    this.session ??= await this.login.acquire();
    return this.session;
  }

  private beginning(): Statement {
    return begin(this.options.readOnly ?? false, this.options.isolation);
  }

  private prelude(tenantId: string | undefined): Statement[] {
    return tenantId === undefined || tenantId === this.tenant ? [] : [setTenant(tenantId)];
  }

  private async run(session: Session, batch: Statement[]): Promise<StatementResult[]> {
    try {
      return await session.run(batch);
    } catch (error) {
      this.tenant = undefined;
      throw error;
    }
  }

  private accept(
    session: Session,
    tenantId: string | undefined,
    result: StatementResult,
  ): StatementResult {
    // A rollback to a savepoint also takes back the tenant that was set after it.
    this.tenant = result.command === 'ROLLBACK' ? undefined : (tenantId ?? this.tenant);
    if (session.transactionStatus === 'I') {
      this.over = true;
      throw new TransactionOver();
    }
    return result;
  }

  /** A tenant that outlives its transaction would be the next borrower's: close the connection. */
  private refuseSurvivor(session: Session, before: string | null | undefined): void {
    if (!before) return;
    const problem = new SurvivingTenant();
    session.condemn(problem);
    this.login.onProblem(problem);
  }

  /** Commits, and checks in the same round trip that no tenant is left in the session. */
  async commit(): Promise<void> {
    await this.tail;
    const session = this.end();
    if (!session) return;
    try {
      const [committed, left] = await session.run([COMMIT, READ_TENANT]);
      if (committed?.command === 'ROLLBACK') throw new TransactionRolledBack();
      this.refuseSurvivor(session, left?.value);
    } catch (error) {
      throw CommitOutcomeUnknown.unlessKnown(error);
    } finally {
      session.release();
    }
  }

  /** Never throws: a connection that cannot roll back is closed, which rolls back as well. */
  async rollback(): Promise<void> {
    await this.tail;
    const session = this.end();
    if (!session) return;
    try {
      if (session.transactionStatus !== 'I') await session.run([ROLLBACK]);
    } catch (error) {
      session.condemn(error as Error);
    } finally {
      session.release();
    }
  }

  private end(): Session | undefined {
    this.over = true;
    const session = this.session;
    this.session = undefined;
    return session;
  }

  /** Undoes the statements of `work`, and only these, when it throws. */
  async savepoint<T>(work: () => Promise<T>): Promise<T> {
    await this.execute(undefined, statement('SAVEPOINT slice'));
    try {
      const result = await work();
      await this.execute(undefined, statement('RELEASE SAVEPOINT slice'));
      return result;
    } catch (error) {
      await this.execute(undefined, statement('ROLLBACK TO SAVEPOINT slice'));
      await this.execute(undefined, statement('RELEASE SAVEPOINT slice'));
      throw error;
    }
  }
}
