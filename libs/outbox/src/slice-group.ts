import type { SystemTransaction, TenantTransaction } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import type { PartitionId } from './consumer-position.js';
import { errorSlug } from './error-slug.js';
import { type EventRecord, orderKey } from './event-record.js';
import { handleEvents, isEventsFault } from './handle-events.js';
import type { HandlerRegistry } from './handler-registry.js';
import { park, parkedKeys, type Parking } from './parked-events.js';
import type { SliceSession } from './slice-session.js';

export interface GroupContext {
  session: SliceSession;
  partition: PartitionId;
  registry: HandlerRegistry;
  logger: Logger;
  firstRetryMs: number;
}

export interface GroupMode {
  singly: boolean;
  /** The partition has parked events, so a key of this group may be waiting. */
  anyParked: boolean;
}

/** Handles events that share a login's scope; returns how many of them were parked. */
export async function handleGroup(
  records: readonly EventRecord[],
  { singly, anyParked }: GroupMode,
  context: GroupContext,
): Promise<number> {
  const tx = await context.session.scope(records[0].event.tenantId);
  const waiting = anyParked ? await parkedKeys(tx, context.partition, records) : new Set<string>();
  const group = new Group(context, tx, waiting);
  await (singly ? group.handleSingly(records) : group.handleTogether(records));
  await park(tx, context.partition, group.parkings);
  return group.parkings.length;
}

class Group {
  readonly parkings: Parking[] = [];

  constructor(
    private readonly context: GroupContext,
    private readonly tx: TenantTransaction | SystemTransaction,
    /** Keys with a parked event: what follows of them is parked too. */
    private readonly waiting: Set<string>,
  ) {}

  async handleTogether(records: readonly EventRecord[]): Promise<void> {
    const runnable = records.filter((record) => !this.#waits(record));
    await handleEvents(this.context.registry, this.tx, runnable);
  }

  async handleSingly(records: readonly EventRecord[]): Promise<void> {
    for (const record of records) {
      if (!this.#waits(record)) await this.#tryOne(record);
    }
  }

  #waits(record: EventRecord): boolean {
    const waits = this.waiting.has(orderKey(record.event.tenantId, record.key));
    if (waits) this.parkings.push({ record, failure: null, retryInMs: 0 });
    return waits;
  }

  async #tryOne(record: EventRecord): Promise<void> {
    const { registry, session } = this.context;
    try {
      await session.platform.savepoint(() => handleEvents(registry, this.tx, [record]));
    } catch (error) {
      if (!isEventsFault(error)) throw error;
      this.#parkFailed(record, error);
    }
  }

  #parkFailed(record: EventRecord, error: unknown): void {
    const { logger, firstRetryMs } = this.context;
    const failure = errorSlug(error);
    this.parkings.push({ record, failure, retryInMs: firstRetryMs });
    this.waiting.add(orderKey(record.event.tenantId, record.key));
    const { topic, partition, offset } = record.record;
    const fields = {
      err: error,
      topic,
      partition,
      offset: String(offset),
      type: record.event.type,
    };
    logger.error(fields, 'event parked: its handler failed');
  }
}
