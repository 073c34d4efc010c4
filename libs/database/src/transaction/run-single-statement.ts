import type { SessionSource } from '../connection/login.js';
import type { StatementResult } from '../protocol/statement-batch.js';
import { LEAD_FOR_ROWS, SET_READ_ONLY, setTenant, type Statement } from '../protocol/statement.js';
import { CommitHooks } from './commit-hooks.js';
import { observed } from './run-transaction.js';
import { MoreThanOneStatement, SurvivingTenant } from './transaction-errors.js';

interface SingleOptions {
  readonly tenantId?: string;
  readonly readOnly?: boolean;
  /** The statement sets the tenant itself, row by row. */
  readonly rowByRow?: boolean;
}

/** Takes one statement and sends it, tenant first, as one implicit transaction with one Sync. */
export class SingleStatement {
  private taken = false;
  committed = false;

  constructor(
    private readonly login: SessionSource,
    private readonly options: SingleOptions,
  ) {}

  async execute(next: Statement): Promise<StatementResult> {
    if (this.taken) throw new MoreThanOneStatement();
    this.taken = true;
    const { tenantId, readOnly, rowByRow } = this.options;
    const lead = tenantId === undefined ? [] : [setTenant(tenantId)];
    if (rowByRow) lead.push(LEAD_FOR_ROWS);
    return this.send([...lead, ...(readOnly ? [SET_READ_ONLY] : []), next], lead.length > 0);
  }

  private async send(batch: Statement[], tellsTenant: boolean): Promise<StatementResult> {
    const session = await this.login.acquire();
    try {
      const results = await session.run(batch);
      this.committed = true;
      if (tellsTenant && results[0]?.value) {
        const problem = new SurvivingTenant();
        session.condemn(problem);
        this.login.onProblem(problem);
      }
      return results.at(-1)!;
    } finally {
      session.release();
    }
  }
}

/**
 * One statement, one round trip. Not retried on 40001 or 40P01: alone it can only meet them against
 * other transactions, whose callers retry.
 */
export function runSingleStatement<T>(
  login: SessionSource,
  options: SingleOptions,
  work: (single: SingleStatement, hooks: CommitHooks) => Promise<T>,
): Promise<T> {
  return observed(login, 'once', async () => {
    const single = new SingleStatement(login, options);
    const hooks = new CommitHooks();
    try {
      return await work(single, hooks);
    } finally {
      if (single.committed) await hooks.run(login.onProblem);
    }
  });
}
