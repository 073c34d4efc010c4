import { setTimeout as pause } from 'node:timers/promises';
import { type Tier, tiers } from '../stack/ports.ts';
import { sendControl } from '../stack/supervisor/control-socket.ts';
import type { SendStack } from './send-stack.ts';

const TOP = 14;
const TEXT_LENGTH = 110;
const BACK_WITHIN_MS = 60_000;

/** The costliest statements of one database, µs per message. */
export interface StatementCost {
  tier: Tier;
  /** Executing. */
  us_per_message: number;
  planning_us_per_message: number;
  calls_per_1000: number;
  rows_per_call: number;
  text: string;
}

interface Statement {
  text: string;
  ms: number;
  plan_ms: number;
  calls: string;
  rows: string;
}

/** Switches pg_stat_statements on in every database; each is restarted for it. */
export async function watchStatements(stack: SendStack, dataDirectory: string): Promise<void> {
  for (const tier of tiers) {
    await stack.query(tier, "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
    await stack.query(tier, 'ALTER SYSTEM SET "pg_stat_statements.track_planning" = on');
    await sendControl(dataDirectory, 'stop', `${tier}-db`);
    await sendControl(dataDirectory, 'start', `${tier}-db`);
    await untilBack(stack, tier);
    await stack.query(tier, 'CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  }
}

async function untilBack(stack: SendStack, tier: Tier): Promise<void> {
  const deadline = Date.now() + BACK_WITHIN_MS;
  for (;;) {
    try {
      await stack.query(tier, 'SELECT 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(100);
    }
  }
}

export async function forgetStatements(stack: SendStack): Promise<void> {
  for (const tier of tiers) await stack.query(tier, 'SELECT pg_stat_statements_reset()');
}

export async function statementCosts(stack: SendStack, messages: number): Promise<StatementCost[]> {
  const costs: StatementCost[] = [];
  for (const tier of tiers) costs.push(...(await costsOf(stack, tier, messages)));
  return costs;
}

async function costsOf(stack: SendStack, tier: Tier, messages: number): Promise<StatementCost[]> {
  const rows = await stack.query<Statement>(
    tier,
    `SELECT regexp_replace(query, '\\s+', ' ', 'g') AS text, total_exec_time AS ms,
       total_plan_time AS plan_ms, calls, rows
     FROM pg_stat_statements ORDER BY total_exec_time + total_plan_time DESC LIMIT ${TOP}`,
  );
  const each = (ms: number): number => Math.round((ms * 10_000) / messages) / 10;
  return rows.map(({ text, ms, plan_ms: planMs, calls, rows: found }) => ({
    tier,
    us_per_message: each(ms),
    planning_us_per_message: each(planMs),
    calls_per_1000: Math.round((Number(calls) * 1_000) / messages),
    rows_per_call: Math.round(Number(found) / Number(calls)),
    text: text.slice(0, TEXT_LENGTH),
  }));
}
