import { setTimeout as delay } from 'node:timers/promises';
import { histogram, metrics, SpanKind, spans, withSpan } from '@penguinmails/observability';
import type { SessionSource } from '../connection/login.js';
import { isTransient } from '../pg-errors.js';
import type { TransactionOptions } from '../transactions.js';
import { CommitHooks } from './commit-hooks.js';
import { OpenTransaction } from './open-transaction.js';

const ATTEMPTS = 3;
const BACKOFF_MS = 20;

/** Runs on a transaction of its own; tells when the effects are durable. */
export type Work<T> = (transaction: OpenTransaction, hooks: CommitHooks) => Promise<T>;

async function runOnce<T>(
  login: SessionSource,
  work: Work<T>,
  options?: TransactionOptions,
): Promise<T> {
  const transaction = new OpenTransaction(login, options);
  const hooks = new CommitHooks();
  const result = await rollbackOnError(transaction, () => work(transaction, hooks));
  await transaction.commit();
  await hooks.run(login.onProblem);
  return result;
}

async function rollbackOnError<T>(
  transaction: OpenTransaction,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

/**
 * The whole transaction again, from outside, after a serialization failure or a deadlock: inside of
 * the failed one nothing can be repeated.
 */
async function runWithRetry<T>(
  login: SessionSource,
  work: Work<T>,
  options?: TransactionOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runOnce(login, work, options);
    } catch (error) {
      if (attempt === ATTEMPTS || !isTransient(error)) throw error;
      await delay(BACKOFF_MS * attempt * (0.5 + Math.random()));
    }
  }
}

/** The seam every statement of a service passes: span, duration, outcome. */
export async function observed<T>(
  login: SessionSource,
  mode: 'transaction' | 'once' | 'slice',
  run: () => Promise<T>,
): Promise<T> {
  const pool = { 'db.client.connection.pool.name': login.poolName };
  const attributes = { ...pool, 'db.system.name': 'postgresql', 'db.operation.name': mode };
  const started = performance.now();
  let outcome = 'rollback';
  try {
    const result = await withSpan(spans.transaction, { kind: SpanKind.CLIENT, attributes }, () =>
      run(),
    );
    outcome = 'commit';
    return result;
  } finally {
    const seconds = (performance.now() - started) / 1_000;
    histogram(metrics.transactionDuration).record(seconds, { ...pool, outcome });
  }
}

export function runTransaction<T>(
  login: SessionSource,
  work: Work<T>,
  options?: TransactionOptions,
): Promise<T> {
  return observed(login, 'transaction', () => runWithRetry(login, work, options));
}

export function runSlice<T>(login: SessionSource, work: Work<T>): Promise<T> {
  return observed(login, 'slice', () => runWithRetry(login, work));
}
