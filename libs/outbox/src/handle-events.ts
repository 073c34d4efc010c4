import { isInfrastructure, isTenantBusy, isTransient, sqlState } from '@penguinmails/database';
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import type { EventRecord } from './event-record.js';
import { typeRuns } from './event-runs.js';
import type { HandlerRegistry } from './handler-registry.js';

type Transaction = TenantTransaction | SystemTransaction;

const LOCK_NOT_AVAILABLE = '55P03';

/** Somebody else held the lock for longer than this transaction may wait. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === LOCK_NOT_AVAILABLE;
}

/** Hands the events to their handlers, run by run. Rejects with what a handler threw. */
export async function handleEvents(
  registry: HandlerRegistry,
  tx: Transaction,
  records: readonly EventRecord[],
): Promise<void> {
  for (const { type, records: run } of typeRuns(records)) {
    const events = run.map(({ event }) => event);
    await registry.handlerOf(type).run(events, tx);
  }
}

/**
 * Whether an error says something about the event and not about the moment. A collision that is
 * still there after the database's own retries is of the moment: the whole slice comes again.
 */
export function isEventsFault(error: unknown): boolean {
  const collision = isTransient(error) || isLockTimeout(error);
  return !collision && !isTenantBusy(error) && !isInfrastructure(error);
}
