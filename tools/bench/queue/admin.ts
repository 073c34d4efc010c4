import { Client } from 'pg';

const CONNECT_WITHIN_MS = 60_000;
/** Seeding a million rows and vacuuming them take their time. */
const ANSWER_WITHIN_MS = 240_000;

/** Runs `work` as superuser on a connection of its own. */
export async function asAdmin<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: ANSWER_WITHIN_MS,
    application_name: 'bench-queue-admin',
  });
  // The loss of an idle connection is an event; the query that meets it rejects as well.
  client.on('error', (error) => void error);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes a database ready for a measurement: nothing dead, statistics current. */
export async function settle(url: string): Promise<void> {
  await asAdmin(url, (client) => client.query('VACUUM (ANALYZE)'));
}

/** Number in the first row's column `n`. */
export async function countOf(url: string, text: string): Promise<number> {
  return asAdmin(url, async (client) => {
    const { rows } = await client.query<{ n: string }>(text);
    return Number(rows[0].n);
  });
}

/** No column: it makes PostgreSQL build each copy anew, also from functions of nothing. */
const EACH = `jsonb_build_object('', g)`;

export interface Cloning {
  readonly table: string;
  /** Condition that finds the row to copy. */
  readonly where: string;
  /** SQL of a jsonb object: the columns that differ from copy to copy; `g` is the copy's number. */
  readonly changes: string;
  readonly count: number;
}

/** Copies one row as often as wanted: rows as the contender itself writes them. */
export async function cloneRow(url: string, cloning: Cloning): Promise<void> {
  const { table, where, changes, count } = cloning;
  await asAdmin(url, async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO ${table}
       SELECT copy.*
       FROM (SELECT to_jsonb(r) AS row FROM ${table} r WHERE ${where} LIMIT 1) first,
         generate_series(1, ${count}) g,
         LATERAL jsonb_populate_record(NULL::${table}, first.row || ${changes} || ${EACH}) copy`,
    );
    if (rowCount !== count) throw new Error(`${table}: no row to copy`);
  });
}
