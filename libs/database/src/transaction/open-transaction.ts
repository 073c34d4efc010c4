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
  InFailedTransaction,
  SurvivingTenant,
  TransactionOver,
  TransactionRolledBack,
} from './transaction-errors.js';

/** A statement that waits to be sent, under its tenant. */
interface Asked {
  readonly tenantId: string | undefined;
  readonly next: Statement;
  resolve(result: StatementResult): void;
  reject(error: unknown): void;
}

const MAX_BATCH = 100;

/** What cannot end a transaction or take back a setting, whatever it calls. */
const BATCHABLE = /^\s*(select|insert|update|delete|with|merge)\b/i;

const isBatchable = ({ next }: Asked): boolean => BATCHABLE.test(next.text);

/** Takes from the queue what may travel together; a savepoint, a rollback or the like goes alone. */
function nextBatch(asked: Asked[]): Asked[] {
  const other = asked.findIndex((each) => !isBatchable(each));
  const together = other === -1 ? asked.length : other;
  return asked.splice(0, Math.max(1, Math.min(together, MAX_BATCH)));
}

/** After a failure: answers before it count, later statements were skipped. */
function answerFailure(
  { answersBeforeFailure, transactionStatus }: Session,
  batch: readonly Asked[],
  places: readonly number[],
  error: unknown,
): void {
  const failed = places.findIndex((place) => place >= answersBeforeFailure.length);
  batch.forEach(({ resolve, reject }, index) => {
    if (index < failed) resolve(answersBeforeFailure[places[index]]);
    else reject(index === failed || transactionStatus !== 'E' ? error : new InFailedTransaction());
  });
}

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
  private readonly asked: Asked[] = [];
  private sending?: Promise<void>;

  constructor(
    private readonly login: SessionSource,
    private readonly options: TransactionOptions = {},
  ) {}

  /**
   * Runs one statement. Statements asked for at the same time run one after the other, in the order
   * in which they were asked for, and travel in one batch as far as {@link nextBatch} allows.
   */
  execute(tenantId: string | undefined, next: Statement): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.asked.push({ tenantId, next, resolve, reject });
      this.sending ??= this.sendAsked();
    });
  }

  private async sendAsked(): Promise<void> {
    await Promise.resolve(); // whoever else asks in this turn is taken along
    while (this.asked.length > 0) await this.send(nextBatch(this.asked));
    this.sending = undefined;
  }

  /** Settles each of them; never rejects. */
  private async send(batch: readonly Asked[]): Promise<void> {
    try {
      if (this.over) throw new TransactionOver();
      await this.answer(await this.open(), batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  private async open(): Promise<Session> {
    this.session ??= await this.login.acquire();
    return this.session;
  }

  private async answer(session: Session, batch: readonly Asked[]): Promise<void> {
    const fresh = session.transactionStatus === 'I';
    const { statements, places } = this.plan(batch, fresh);
    const results = await this.run(session, statements).catch((error: unknown) => {
      answerFailure(session, batch, places, error);
    });
    if (!results) return;
    if (fresh && places[0] === 2) this.refuseSurvivor(session, results[1]?.value);
    this.accept(session, batch, results.at(-1)!);
    batch.forEach(({ resolve }, index) => resolve(results[places[index]]));
  }

  /** The statements with all that has to go before them; `places` says where each one stands. */
  private plan(batch: readonly Asked[], fresh: boolean) {
    const statements = fresh ? [this.beginning()] : [];
    let tenant = this.tenant;
    const places = batch.map(({ tenantId, next }) => {
      if (tenantId !== undefined && tenantId !== tenant) statements.push(setTenant(tenantId));
      tenant = tenantId ?? tenant;
      return statements.push(next) - 1;
    });
    return { statements, places };
  }

  private beginning(): Statement {
    return begin(this.options.readOnly ?? false, this.options.isolation);
  }

  private async run(session: Session, batch: Statement[]): Promise<StatementResult[]> {
    try {
      return await session.run(batch);
    } catch (error) {
      this.tenant = undefined;
      throw error;
    }
  }

  private accept(session: Session, batch: readonly Asked[], last: StatementResult): void {
    // A rollback to a savepoint also takes back the tenant that was set after it.
    const tenant = batch.findLast(({ tenantId }) => tenantId !== undefined)?.tenantId;
    this.tenant = last.command === 'ROLLBACK' ? undefined : (tenant ?? this.tenant);
    if (session.transactionStatus === 'I') {
      this.over = true;
      throw new TransactionOver();
    }
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
    await this.sending;
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
    await this.sending;
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
