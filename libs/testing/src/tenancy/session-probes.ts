import pg from 'pg';
import { A, B, mustBeRefused, type Outcome } from './attempt.js';
import type { ProbedTable } from './dummy-rows.js';

/** What an attack on the session itself has to go by; `table` is one that the app may read. */
export interface SessionGround {
  readonly appUrl: string;
  readonly admin: pg.Client;
  readonly table: ProbedTable;
}

/** An attack that is about a session and not about one table. */
export interface SessionProbe {
  /** Number in reference/tenancy.md, section 7. */
  readonly number: number;
  readonly name: string;
  /** PostgreSQL cannot refuse it: SECURITY.md says so, and the probe shows that it still is so. */
  readonly limit?: true;
  run(ground: SessionGround): Promise<string | undefined>;
}

async function inSession<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function outcomeOf(work: Promise<pg.QueryResult>): Promise<Outcome> {
  try {
    const { rows, rowCount } = await work;
    return { rows: rows as Record<string, unknown>[], count: rowCount ?? 0 };
  } catch (error) {
    return { refused: String((error as { code?: unknown }).code) };
  }
}

const SET = "SELECT set_config('app.current_tenant_id', $1, true)";
const ownersOf = ({ name, tenantColumn }: ProbedTable) =>
  `SELECT ${tenantColumn} AS own FROM ${name}`;

/** A limit that is gone is a finding as well: SECURITY.md would be telling a tale. */
function mustStillBeB(rows: readonly { own?: unknown }[]): string | undefined {
  const stands = rows.length > 0 && rows.every(({ own }) => own === B);
  return stands ? undefined : 'the limit that SECURITY.md states is not as stated';
}

async function injectedSet({ appUrl, table }: SessionGround): Promise<string | undefined> {
  return inSession(appUrl, async (client) => {
    await client.query('BEGIN');
    await client.query(SET, [A]);
    await client.query(SET, [B]);
    return mustStillBeB((await client.query<{ own: string }>(ownersOf(table))).rows);
  });
}

async function startupOption({ appUrl, table }: SessionGround): Promise<string | undefined> {
  const url = new URL(appUrl);
  url.searchParams.set('options', `-c app.current_tenant_id=${B}`);
  return inSession(url.href, async (client) =>
    mustStillBeB((await client.query<{ own: string }>(ownersOf(table))).rows),
  );
}

/** B's rows, held by its session, are still there when the same connection serves A. */
async function heldCursor({ appUrl, table }: SessionGround): Promise<string | undefined> {
  return inSession(appUrl, async (client) => {
    await client.query('BEGIN');
    await client.query(SET, [B]);
    await client.query(`DECLARE held CURSOR WITH HOLD FOR ${ownersOf(table)}`);
    await client.query('COMMIT');
    await client.query('BEGIN');
    await client.query(SET, [A]);
    return mustStillBeB((await client.query<{ own: string }>('FETCH ALL FROM held')).rows);
  });
}

const ACTIVITY = [
  'SELECT query FROM pg_stat_activity',
  'SELECT query FROM pg_stat_get_activity(NULL)',
  'SELECT pg_stat_get_backend_activity(id) FROM pg_stat_get_backend_idset() AS id',
];

async function otherTexts({ appUrl }: SessionGround): Promise<string | undefined> {
  return inSession(appUrl, async (client) => {
    for (const text of ACTIVITY) {
      const seen = mustBeRefused(await outcomeOf(client.query(text)));
      if (seen) return `${text}: ${seen}`;
    }
    return undefined;
  });
}

/** What an operator sees of a statement: its text, never its values. */
async function ownText({ appUrl, admin, table }: SessionGround): Promise<string | undefined> {
  return inSession(appUrl, async (client) => {
    const {
      rows: [own],
    } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await client.query('BEGIN');
    await client.query(SET, [A]);
    await client.query(`SELECT FROM ${table.name} WHERE ${table.tenantColumn} = $1`, [B]);
    const { rows } = await admin.query<{ query: string }>(
      'SELECT query FROM pg_stat_activity WHERE pid = $1',
      [own?.pid],
    );
    const [text = ''] = rows.map(({ query }) => query);
    return text.includes(table.name) && !text.includes(B) ? undefined : `the text is ${text}`;
  });
}

/** Anybody may listen, so nothing in the database may tell: no function notifies. */
async function notifiers({ appUrl, admin }: SessionGround): Promise<string | undefined> {
  const listens = await inSession(appUrl, (client) => outcomeOf(client.query('LISTEN anything')));
  if ('refused' in listens) return 'the limit that SECURITY.md states is not as stated';
  const { rows } = await admin.query<{ name: string }>(
    `SELECT oid::regprocedure::text AS name FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prosrc ~* '\\mnotify\\M|pg_notify'
     UNION ALL SELECT tgname FROM pg_trigger
     WHERE tgfoid IN (SELECT oid FROM pg_proc WHERE prosrc ~* '\\mnotify\\M|pg_notify')`,
  );
  return rows.length === 0 ? undefined : `notifies: ${rows.map(({ name }) => name).join(', ')}`;
}

export const sessionProbes: readonly SessionProbe[] = [
  { number: 35, name: 'an injected SET reaches another tenant', limit: true, run: injectedSet },
  { number: 36, name: 'a startup option sets a tenant', limit: true, run: startupOption },
  { number: 39, name: 'a WITH HOLD cursor outlives its tenant', limit: true, run: heldCursor },
  { number: 40, name: 'texts of other sessions are refused', run: otherTexts },
  { number: 40, name: 'the text of a statement holds no value', run: ownText },
  { number: 41, name: 'LISTEN is possible, nothing notifies', limit: true, run: notifiers },
];
