import type { EventType } from '@penguinmails/contracts';
import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import type { NewEvent } from './events.js';

/** The only way to publish: events become rows of the outbox, in the caller's transaction. */
export declare class EventWriter {
  /**
   * Writes the events with one INSERT; the relay publishes them after the commit, in this order per
   * key. Call it after the aggregate's row was written or locked: that lock is what makes the order
   * of the outbox the order of the commits.
   *
   * @throws ContractViolationError, EventKeyError; nothing is written then
   */
  write<T extends EventType>(
    tx: TenantTransaction | SystemTransaction,
    events: readonly NewEvent<T>[],
  ): Promise<void>;
}
