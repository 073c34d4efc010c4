import { sqlState, type SystemTransaction, type TenantTransaction } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import type { PartitionId } from './consumer-position.js';
import { errorSlug } from './error-slug.js';
import { type EventRecord, orderKey } from './event-record.js';
import { handleEvents, isEventsFault } from './handle-events.js';
import type { HandlerRegistry } from './handler-registry.js';
import { park, parkedKeys, type Parking } from './parked-events.js';
import type { SliceSession } from './slice-session.js';

const IN_FAILED_TRANSACTION = '25P02';

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

/**
 * Handles the groups; returns how many events were parked. All groups start before the first one has
 * ended, so what their handlers ask of the database next travels together, in the order of the
 * groups; one by one they run only to find the event that fails.
 */
export async function handleGroups(
  groups: readonly (readonly EventRecord[])[],
  mode: GroupMode,
  context: GroupContext,
): Promise<number> {
  if (!mode.singly)
    return sum(await allOf(groups.map((group) => handleGroup(group, mode, context))));
  let parked = 0;
  for (const group of groups) parked += await handleGroup(group, mode, context);
  return parked;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/**
 * Waits for all, so that nothing writes any more when the transaction is rolled back. Of several
 * failures the first is thrown that is not a mere consequence of the transaction having failed.
 */
async function allOf<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const failures: unknown[] = [];
  const noted = works.map((work) => work.catch((error: unknown) => void failures.push(error)));
  await Promise.all(noted);
  if (failures.length === 0) return Promise.all(works);
  throw failures.find((error) => sqlState(error) !== IN_FAILED_TRANSACTION) ?? failures[0];
}

/** Handles events that share a login's scope; returns how many of them were parked. */
async function handleGroup(
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
