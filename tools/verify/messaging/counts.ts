import { existsSync, readFileSync } from 'node:fs';
import type pg from 'pg';
import type { Ledger } from './occurrences.ts';

interface Count {
  n: number;
}

async function number(pool: pg.Pool, text: string): Promise<number> {
  const { rows } = await pool.query<Count>(text);
  return rows[0]?.n ?? 0;
}

/** Events whose transaction was committed. */
export const committedEvents = (written: pg.Pool): Promise<number> =>
  number(written, 'SELECT sum(version)::integer AS n FROM verify_aggregates');

export const waitingRows = (written: pg.Pool): Promise<number> =>
  number(written, 'SELECT count(*)::integer AS n FROM outbox');

export const countedEffects = (effects: pg.Pool): Promise<number> =>
  number(effects, 'SELECT coalesce(sum(effects), 0)::integer AS n FROM verify_effects');

/** Sessions of a process that are inside a transaction. */
export async function transactionsOf(pool: pg.Pool, name: string): Promise<number> {
  const { rows } = await pool.query<Count>(
    `SELECT count(*)::integer AS n FROM pg_stat_activity
     WHERE application_name = $1 AND backend_xid IS NOT NULL`,
    [name],
  );
  return rows[0]?.n ?? 0;
}

/**
 * The committed versions: what the aggregates' rows say, written in the transaction of the events,
 * and what the writers heard of before they died; the greater of the two.
 */
export async function readLedger(written: pg.Pool, ledgerFile: string): Promise<Ledger> {
  const { rows } = await written.query<{ id: string; version: number }>(
    'SELECT id, version FROM verify_aggregates',
  );
  const ledger = new Map(rows.map(({ id, version }) => [id, version]));
  for (const [id, version] of acknowledged(ledgerFile)) {
    ledger.set(id, Math.max(ledger.get(id) ?? 0, version));
  }
  return ledger;
}

function acknowledged(file: string): [string, number][] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [id = '', version = ''] = line.split(' ');
    return [id, Number(version)];
  });
}

/** Aggregates whose effects are not exactly the committed versions once and in order, and events parked. */
export async function wrongEffects(effects: pg.Pool, ledger: Ledger): Promise<number> {
  const { rows } = await effects.query<{
    id: string;
    last_version: number;
    effects: number;
    disorder: number;
  }>('SELECT aggregate_id AS id, last_version, effects, disorder FROM verify_effects');
  const known = new Map(rows.map((row) => [row.id, row]));
  const wrong = [...ledger].filter(([id, committed]) => {
    const found = known.get(id) ?? { last_version: 0, effects: 0, disorder: 0 };
    const right = found.last_version === committed && found.effects === committed;
    return !right || found.disorder > 0;
  }).length;
  const parked = await number(
    effects,
    `SELECT (SELECT count(*) FROM parked_event)::integer
       + (SELECT count(*) FROM dead_event)::integer AS n`,
  );
  return wrong + parked;
}
