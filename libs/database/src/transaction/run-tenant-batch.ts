import type { SessionSource } from '../connection/login.js';
import type { StatementResult } from '../protocol/statement-batch.js';
import { LIMIT_LOCK_WAIT, setTenant, type Statement } from '../protocol/statement.js';
import { CommitHooks } from './commit-hooks.js';
import { observed } from './run-transaction.js';
import { MoreThanOneStatement, SurvivingTenant, TransactionOver } from './transaction-errors.js';

interface Entry {
  readonly tenantId: string;
  readonly statement: Statement;
  readonly resolve: (result: StatementResult) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One statement of each of several tenants, each after its own tenant was set, sent together with one
 * Sync: one round trip, one implicit transaction, one flush to disk. All of them count or none. None
 * waits long for a lock, since all the others wait with it.
 */
export class TenantBatch {
  private readonly entries: Entry[] = [];
  private sent = false;
  committed = false;

  /** @param awaited works that have neither asked for their statement nor ended */
  constructor(
    private readonly login: SessionSource,
    private awaited: number,
  ) {}

  /** The view of one work: exactly one statement under its tenant. */
  executor(tenantId: string): { execute(next: Statement): Promise<StatementResult>; end(): void } {
    let asked = false;
    const execute = async (next: Statement): Promise<StatementResult> => {
      if (asked) throw new MoreThanOneStatement();
      if (this.sent) throw new TransactionOver();
      asked = true;
      return this.enqueue(tenantId, next);
    };
    return { execute, end: () => void (asked || this.arrived()) };
  }

  /** A work failed: if nothing was sent yet, nothing will be. */
  abort(error: unknown): void {
    if (this.sent) return;
    this.sent = true;
    for (const { reject } of this.entries) reject(error);
  }

  private enqueue(tenantId: string, statement: Statement): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.entries.push({ tenantId, statement, resolve, reject });
      this.arrived();
    });
  }

  /** Sends as soon as nobody is left who could still add a statement. */
  private arrived(): void {
    this.awaited -= 1;
    if (this.awaited > 0 || this.sent || this.entries.length === 0) return;
    this.sent = true;
    void this.send().then(
      (results) => this.entries.forEach(({ resolve }, at) => resolve(results[2 * at + 1]!)),
      (error: unknown) => this.entries.forEach(({ reject }) => reject(error)),
    );
  }

  private async send(): Promise<StatementResult[]> {
    const session = await this.login.acquire();
    try {
      const [, ...results] = await session.run([
        LIMIT_LOCK_WAIT,
        ...this.entries.flatMap(({ tenantId, statement }) => [setTenant(tenantId), statement]),
      ]);
      this.committed = true;
      if (results[0]?.value) {
        const problem = new SurvivingTenant();
        session.condemn(problem);
        this.login.onProblem(problem);
      }
      return results;
    } finally {
      session.release();
    }
  }
}

type Work<T> = (
  execute: (next: Statement) => Promise<StatementResult>,
  hooks: CommitHooks,
  at: number,
) => Promise<T>;

/** Not retried on 40001 or 40P01: the caller knows what to do with each of its tenants alone. */
export function runTenantBatch<T>(
  login: SessionSource,
  tenantIds: readonly string[],
  work: Work<T>,
): Promise<T[]> {
  return observed(login, 'once', async () => {
    const batch = new TenantBatch(login, tenantIds.length);
    const hooks = new CommitHooks();
    const works = tenantIds.map((tenantId, at) => {
      const { execute, end } = batch.executor(tenantId);
      const ended = work(execute, hooks, at);
      return ended.then(
        (value) => (end(), value),
        (error: unknown) => {
          batch.abort(error);
          throw error;
        },
      );
    });
    try {
      return await allEnded(works);
    } finally {
      if (batch.committed) await hooks.run(login.onProblem);
    }
  });
}

/** Waits for all of them before it says that one has failed: no work outlives its batch. */
async function allEnded<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return Promise.all(works);
}
