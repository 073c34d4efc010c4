import { openDatabase, type TenantDatabase, type TenantTransaction } from '@penguinmails/database';
import { newId } from '@penguinmails/contracts';
import { type TierDatabase, type TierName, withAdmin } from '@penguinmails/testing/tenancy';
import { CONNECTIONS, runInTurns, tenantIds } from './interleaved.ts';

/** A table of its own, secured as every other one by the library's function. */
const LEDGER = `
CREATE TABLE interleaved_ledger (tenant_id uuid, id uuid, amount integer NOT NULL,
  PRIMARY KEY (tenant_id, id));
SELECT secure_tenant_table('interleaved_ledger', 'SELECT, INSERT, UPDATE, DELETE', NULL);`;

/** Ids that all tenants use alike: whoever loses its tenant meets a row of another one. */
const SHARED_IDS = Array.from({ length: 8 }, () => newId());

/** What a tenant's own operations made of its rows, by id. */
type Rows = Map<string, number>;

interface Step {
  readonly text: string;
  readonly values: unknown[];
  /** On the judge's own picture of the rows, once the database has committed. */
  applied(rows: Rows): void;
}

const TABLE = 'interleaved_ledger';

/** Without a filter wherever the statement can do without: row level security stands alone. */
function stepOf(pick: number, id: string): Step {
  const amount = pick;
  switch (pick % 4) {
    case 0:
      return {
        text: `INSERT INTO ${TABLE} (id, amount) VALUES ($1, $2)
          ON CONFLICT (tenant_id, id) DO UPDATE SET amount = excluded.amount`,
        values: [id, amount],
        applied: (rows) => rows.set(id, amount),
      };
    case 1:
      return {
        text: `UPDATE ${TABLE} SET amount = amount + $1`,
        values: [1],
        applied: (rows) => rows.forEach((now, key) => rows.set(key, now + 1)),
      };
    case 2:
      return {
        text: `UPDATE ${TABLE} SET amount = $2 WHERE id = $1`,
        values: [id, amount],
        applied: (rows) => void (rows.has(id) && rows.set(id, amount)),
      };
    default:
      return {
        text: `DELETE FROM ${TABLE} WHERE id = $1`,
        values: [id],
        applied: (rows) => rows.delete(id),
      };
  }
}

class Undone extends Error {
  override readonly name = 'Undone';
}

/** Sends the step in one of the library's ways; every tenth is undone, which leaves no trace. */
async function send(tenants: TenantDatabase, tenant: string, step: Step, pick: number) {
  const query = (tx: TenantTransaction) => tx.query(step.text, step.values);
  if (pick % 10 === 9) {
    const undone = tenants.transaction(tenant, async (tx) => {
      await query(tx);
      throw new Undone();
    });
    await undone.catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
    return false;
  }
  await (pick % 3 === 0 ? tenants.transaction(tenant, query) : tenants.once(tenant, query));
  return true;
}

export interface WrittenInterleaving {
  operations: number;
  rows: number;
  /** Rows that are not what their tenant's own operations made, missing ones included. */
  wrong: number;
}

async function judge(database: TierDatabase, due: ReadonlyMap<string, Rows>) {
  const found = await withAdmin(database.adminUrl, (admin) =>
    admin.query<{ tenant_id: string; id: string; amount: number }>(`SELECT * FROM ${TABLE}`),
  );
  const missing = [...due.values()].reduce((sum, rows) => sum + rows.size, 0);
  const right = found.rows.filter(
    ({ tenant_id, id, amount }) => due.get(tenant_id)?.get(id) === amount,
  );
  const wrong = found.rows.length - right.length + (missing - right.length);
  return { rows: found.rows.length, wrong };
}

/** Keeps the operations of one tenant in order, as its own requests would be. */
class Turns {
  readonly #last = new Map<string, Promise<void>>();

  take(tenant: string, work: () => Promise<void>): Promise<void> {
    const next = (this.#last.get(tenant) ?? Promise.resolve()).then(work);
    this.#last.set(tenant, next);
    return next;
  }
}

/** How a mutant loses the tenant: it gives the tenant to use in the place of the right one. */
export type Confusion = (tenant: string, pick: number) => string;

export interface Writers {
  readonly tier: TierName;
  readonly database: TierDatabase;
  readonly appUrl: string;
  readonly pooled: boolean;
  readonly confuse?: Confusion;
}

/**
 * 50 tenants insert, update and delete over few connections, through the library. The judge keeps
 * its own picture of what each tenant's operations made and compares all rows in the end.
 */
export async function interleaveWrites(
  { tier, database, appUrl, pooled, confuse = (tenant) => tenant }: Writers,
  operations: number,
): Promise<WrittenInterleaving> {
  const drop = `DROP TABLE IF EXISTS ${TABLE};`;
  await withAdmin(database.adminUrl, (admin) => admin.query(drop + LEDGER));
  const pool = { max: CONNECTIONS, idleTimeoutMillis: 5_000, connectionTimeoutMillis: 60_000 };
  const app = { url: appUrl, ...pool };
  const system = { url: database.systemUrl, ...pool };
  const opened = openDatabase({ tier, app, system, pooled });
  const due = new Map<string, Rows>(tenantIds.map((tenant) => [tenant, new Map()]));
  const turns = new Turns();
  try {
    await runInTurns(operations, async (tenant, pick) => {
      const step = stepOf(pick, SHARED_IDS[pick % SHARED_IDS.length] ?? '');
      await turns.take(tenant, async () => {
        const done = await send(opened.tenants, confuse(tenant, pick), step, pick);
        if (done) step.applied(due.get(tenant) ?? new Map());
      });
    });
  } finally {
    await opened.close();
  }
  return { operations, ...(await judge(database, due)) };
}
