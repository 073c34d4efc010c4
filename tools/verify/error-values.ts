import { inspect } from 'node:util';
import { openDatabase, type TenantTransaction } from '@penguinmails/database';
import {
  insertRow,
  type Leak,
  type ProbedTable,
  type TierDatabase,
  type TierName,
} from '@penguinmails/testing/tenancy';
import { newId } from '@penguinmails/contracts';

/** A value that PostgreSQL would quote in a message, a DETAIL or a CONTEXT. */
const CANARY = 'canary@example.test';

const TEXT = /^(text|character|jsonb?)/;

/** Statements on a table that fail while a row's values are at hand. */
function failures(table: ProbedTable, tenant: string): [string, unknown[]][] {
  const texts = table.columns.filter(({ type }) => /^(text|character)/.test(type));
  const fields = Object.fromEntries(texts.map(({ name }) => [name, CANARY]));
  const others = table.columns.filter(({ type }) => !TEXT.test(type));
  const inserted = insertRow(table, tenant, 'c', fields);
  const casts = others.map(({ name }): [string, unknown[]] => {
    const { text, values } = insertRow(table, tenant, 'c', { ...fields, [name]: CANARY });
    return [text, values];
  });
  const missing = table.columns.map(({ name }): [string, unknown[]] => {
    const { text, values } = insertRow(table, tenant, 'c', { ...fields, [name]: null });
    return [text, values];
  });
  const twice = `WITH one AS (${inserted.text} RETURNING *) INSERT INTO ${table.name} SELECT * FROM one`;
  return [...casts, ...missing, [twice, inserted.values]];
}

/** Everything a log would show of an error. */
const shown = (error: unknown): string =>
  inspect(error, { depth: 6, showHidden: true, maxStringLength: Infinity });

/** Probe 43: no error of the database, as the library hands it on, holds a value. */
export async function errorLeaks(
  tier: TierName,
  database: TierDatabase,
  tables: readonly ProbedTable[],
): Promise<{ leaks: Leak[]; failures: number }> {
  const pool = { max: 2, idleTimeoutMillis: 1_000, connectionTimeoutMillis: 60_000 };
  const app = { url: database.appUrl, ...pool };
  const system = { url: database.systemUrl, ...pool };
  const opened = openDatabase({ tier, app, system, pooled: false });
  const tenant = newId();
  const leaks = new Map<string, Leak>();
  let seen = 0;
  const attempt = async (table: ProbedTable, text: string, values: unknown[]): Promise<void> => {
    const error: unknown = await opened.tenants
      .once(tenant, (tx: TenantTransaction) => tx.query(text, values))
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    seen += error === undefined ? 0 : 1;
    if (error !== undefined && shown(error).includes(CANARY))
      leaks.set(table.name, { probe: 43, what: `${table.name}: an error quotes a value` });
  };
  try {
    for (const table of tables)
      for (const [text, values] of failures(table, tenant)) await attempt(table, text, values);
  } finally {
    await opened.close();
  }
  return { leaks: [...leaks.values()], failures: seen };
}
