import type pg from 'pg';
import type { ProbedTable } from './dummy-rows.js';

export const A = '01990000-0000-7000-8000-00000000000a';
export const B = '01990000-0000-7000-8000-00000000000b';
/** Has no rows. */
export const C = '01990000-0000-7000-8000-00000000000c';

/** What a statement came to: rows, or the SQLSTATE of its refusal. */
export type Outcome =
  | { readonly rows: Record<string, unknown>[]; readonly count: number }
  | { readonly refused: string };

/** Prepared once per connection under its name. */
export interface NamedStatement {
  readonly name: string;
  readonly text: string;
}

/** Sends one statement under a tenant (undefined: none set) in a transaction that is undone. */
export type Attempt = (
  tenant: string | undefined,
  statement: string | NamedStatement,
  values?: unknown[],
) => Promise<Outcome>;

/** One attack on one table; undefined when it failed as it must, else what was seen. */
export interface TableProbe {
  /** Number in reference/tenancy.md, section 7. */
  readonly number: number;
  readonly name: string;
  run(table: ProbedTable, attempt: Attempt): Promise<string | undefined>;
}

export async function attemptIn(
  client: pg.Client,
  tenant: string | undefined,
  statement: string | NamedStatement,
  values: unknown[] = [],
): Promise<Outcome> {
  await client.query('BEGIN');
  try {
    if (tenant !== undefined) {
      await client.query("SELECT set_config('app.current_tenant_id', $1, true)", [tenant]);
    }
    const { rows, rowCount } = await client.query(
      typeof statement === 'string' ? { text: statement, values } : statement,
    );
    return { rows, count: rowCount ?? 0 };
  } catch (error) {
    return { refused: String((error as { code?: unknown }).code) };
  } finally {
    await client.query('ROLLBACK');
  }
}

export function show(outcome: Outcome): string {
  return 'refused' in outcome ? `refused with ${outcome.refused}` : `${outcome.count} rows`;
}

/** 42501 stands for "no such right" too: some tables are not the app's to read or change. */
export function mustBeRefused(outcome: Outcome, ...codes: string[]): string | undefined {
  const asItMust = 'refused' in outcome && ['42501', ...codes].includes(outcome.refused);
  return asItMust ? undefined : show(outcome);
}

export function mustTouchNothing(outcome: Outcome): string | undefined {
  return 'refused' in outcome ? mustBeRefused(outcome) : outcome.count ? show(outcome) : undefined;
}

/** Rows of A and of nobody else, and A's own: a probe over no rows proves nothing. */
export function mustShowOnlyA(outcome: Outcome, tenantColumn: string): string | undefined {
  if ('refused' in outcome) return mustBeRefused(outcome);
  const foreign = outcome.rows.filter((row) => row[tenantColumn] !== A).length;
  if (foreign > 0) return `${foreign} foreign rows`;
  return outcome.count === 0 ? 'not even its own rows' : undefined;
}
