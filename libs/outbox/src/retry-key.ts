import type { Tier } from '@penguinmails/contracts';
import type { Database, SystemTransaction, TenantTransaction } from '@penguinmails/database';
import {
  extractTrace,
  injectTrace,
  type Logger,
  SpanKind,
  spans,
  withSpan,
} from '@penguinmails/observability';
import { rememberCauses } from './causes.js';
import { countParked, lockPosition } from './consumer-position.js';
import { keepDead } from './dead-events.js';
import { writeDeadLetters } from './dead-letters.js';
import { decodeRecord } from './decode-record.js';
import { errorSlug } from './error-slug.js';
import type { EventRecord } from './event-record.js';
import type { EventWriter } from './event-writer.js';
import { givenUpEvents } from './given-up-event.js';
import { handleEvents, isEventsFault } from './handle-events.js';
import type { HandlerRegistry } from './handler-registry.js';
import {
  firstOfKey,
  type ParkedEvent,
  type ParkedKey,
  postpone,
  removeParked,
} from './parked-events.js';
import { nextRetryMs, type RetrySchedule } from './retry-schedule.js';
import type { SliceSession } from './slice-session.js';

/** One transaction works on a key for at most so many events; the rest is due at once. */
const EVENTS_AT_ONCE = 100;

export interface RetryContext {
  tier: Tier;
  group: string;
  database: Database;
  registry: HandlerRegistry;
  /** Tells operators of what is given up. */
  writer: EventWriter;
  logger: Logger;
  schedule: RetrySchedule;
}

/**
 * Retries the parked events of one key in order until one fails. Holds the partition's position
 * meanwhile, so that no slice and no other replica handles the same key.
 */
export async function retryKey(
  session: SliceSession,
  key: ParkedKey,
  context: RetryContext,
): Promise<void> {
  const partition = { group: context.group, topic: key.topic, partition: key.partition };
  await lockPosition(session, partition);
  const tx = await session.scope(key.tenantId);
  const drained = await new KeyRetry(session, tx, key, context).drain();
  await countParked(session, partition, -drained);
}

class KeyRetry {
  constructor(
    private readonly session: SliceSession,
    private readonly tx: TenantTransaction | SystemTransaction,
    private readonly key: ParkedKey,
    private readonly context: RetryContext,
  ) {}

  /** Returns how many events of the key are parked no more. */
  async drain(): Promise<number> {
    for (let drained = 0; drained < EVENTS_AT_ONCE; drained++) {
      const parked = await firstOfKey(this.tx, this.context.group, this.key);
      if (!parked?.isDue || !(await this.#settle(parked))) return drained;
      await removeParked(this.tx, this.key.tenantId, parked.id);
    }
    return EVENTS_AT_ONCE;
  }

  /** Whether the event need not stay parked. */
  async #settle(parked: ParkedEvent): Promise<boolean> {
    const failure = await this.#try(parked);
    if (failure === null) return true;
    const attempts = parked.attempts + 1;
    const retryInMs = nextRetryMs(attempts, this.context.schedule);
    if (retryInMs === null) {
      await this.#giveUp(parked, failure, attempts);
      return true;
    }
    await postpone(this.tx, this.key.tenantId, { id: parked.id, attempts }, failure, retryInMs);
    return false;
  }

  /** Slug of the failure; null when the handler succeeded. */
  async #try({ record }: ParkedEvent): Promise<string | null> {
    const decoded = decodeRecord(record, this.context.registry.handles);
    if (decoded.kind !== 'event') return 'not_handled';
    try {
      await this.#handle(decoded);
      return null;
    } catch (error) {
      if (!isEventsFault(error)) throw error;
      const fields = { err: error, topic: record.topic, offset: String(record.offset) };
      this.context.logger.error(fields, 'parked event failed again');
      return errorSlug(error);
    }
  }

  #handle(decoded: EventRecord): Promise<void> {
    const { event, record } = decoded;
    const options = { kind: SpanKind.CONSUMER, parent: extractTrace(record.headers) };
    return withSpan(spans.consumerSlice, options, () => {
      const correlationId = event.correlationId ?? event.id;
      rememberCauses(this.tx, new Map([[event.id, { correlationId, trace: injectTrace() }]]));
      return this.session.platform.savepoint(() =>
        handleEvents(this.context.registry, this.tx, [decoded]),
      );
    });
  }

  async #giveUp({ id, record }: ParkedEvent, reason: string, attempts: number): Promise<void> {
    const { tier, group, writer, logger } = this.context;
    const { tenantId } = this.key;
    await keepDead(this.tx, tenantId, id, { attempts, reason });
    await writeDeadLetters(this.tx, { tier, group }, [{ ...record, tenantId, reason, attempts }]);
    await writer.write(this.tx, givenUpEvents({ ...record, tenantId, reason }));
    const fields = { topic: record.topic, offset: String(record.offset), reason, attempts };
    logger.error(fields, 'parked event given up, moved to the dead letters');
  }
}
