import type { Tier } from '@penguinmails/contracts';
import type { Database } from '@penguinmails/database';
import type { RecordSlice } from '@penguinmails/kafka';
import {
  counter,
  histogram,
  type Logger,
  metrics,
  SpanKind,
  spans,
} from '@penguinmails/observability';
import type { Causes } from './causes.js';
import { decodeRecord } from './decode-record.js';
import { type DecodedRecord, type EventRecord, isEvent } from './event-record.js';
import { isEventsFault } from './handle-events.js';
import type { HandlerRegistry } from './handler-registry.js';
import { inSliceSession } from './slice-session.js';
import {
  handleSlice,
  PositionAheadError,
  type SliceAttempt,
  type SliceOutcome,
} from './slice-transaction.js';
import { type TraceOf, withBatchSpan } from './trace-batch.js';

export interface SliceRunnerSettings {
  tier: Tier;
  /** Consumer group: positions and parked events are kept under its name. */
  group: string;
  database: Database;
  registry: HandlerRegistry;
  logger: Logger;
  /** From a handler's failure to the first retry, in milliseconds. */
  firstRetryMs: number;
}

/**
 * Handles a slice in one transaction: position, inbox, handlers with all they write, position. When
 * `run` resolves, every record of the slice has taken effect once, is parked, or is a dead letter.
 * It rejects when the database is away; the slice then comes again.
 */
export class SliceRunner {
  /** Where the next slice of a partition begins, as far as this process knows. */
  readonly #ends = new Map<string, bigint>();

  constructor(private readonly settings: SliceRunnerSettings) {}

  /** Passed to the consumer as its `runSlice`. */
  async run(slice: RecordSlice): Promise<void> {
    const startedAt = performance.now();
    const { handles } = this.settings.registry;
    const decoded = slice.records.map((record) => decodeRecord(record, handles));
    const outcome = await withBatchSpan(spans.consumerSlice, spanOptions(slice), (traceOf) => {
      const causes = causesOf(decoded, traceOf);
      const follows = this.#follows(slice);
      return this.#run({ slice, decoded, causes, follows, singly: false, confirmedEnd: null });
    });
    this.#ended(slice);
    measure(slice.topic, outcome, performance.now() - startedAt);
  }

  #follows({ topic, partition, records }: RecordSlice): boolean {
    const end = this.#ends.get(`${topic}/${partition}`);
    return end !== undefined && records.length > 0 && records[0].offset >= end;
  }

  #ended({ topic, partition, records }: RecordSlice): void {
    const last = records.at(-1);
    if (last) this.#ends.set(`${topic}/${partition}`, last.offset + 1n);
  }

  async #run(attempt: SliceAttempt): Promise<SliceOutcome> {
    try {
      return await this.#try(attempt);
    } catch (error) {
      return this.#run(await this.#nextAttempt(attempt, error));
    }
  }

  /** How to go on after a failure; throws the error when only time can help. */
  async #nextAttempt(attempt: SliceAttempt, error: unknown): Promise<SliceAttempt> {
    const { slice } = attempt;
    if (error instanceof PositionAheadError) {
      const confirmedEnd = await slice.currentHighWatermark();
      return { ...attempt, follows: false, confirmedEnd };
    }
    if (attempt.singly || !isEventsFault(error)) throw error;
    const fields = { err: error, topic: slice.topic, partition: slice.partition };
    this.settings.logger.warn(fields, 'slice failed, tried again event by event');
    return { ...attempt, follows: false, singly: true };
  }

  #try(attempt: SliceAttempt): Promise<SliceOutcome> {
    const { database, registry } = this.settings;
    const login = registry.loginOf(attempt.slice.topic);
    return inSliceSession(database, login, attempt.causes, (session) =>
      handleSlice(session, attempt, this.settings),
    );
  }
}

/** Made when a handler first writes an event: most slices write none. */
function causesOf(decoded: readonly DecodedRecord[], traceOf: TraceOf): Causes {
  let byId: Map<string, EventRecord> | undefined;
  return {
    get(eventId) {
      byId ??= new Map(decoded.filter(isEvent).map((record) => [record.event.id, record]));
      const found = byId.get(eventId);
      if (!found) return undefined;
      const correlationId = found.event.correlationId ?? eventId;
      return { correlationId, trace: traceOf(found.record.headers) };
    },
  };
}

function spanOptions({ topic, partition, records }: RecordSlice) {
  return {
    kind: SpanKind.CONSUMER,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      'messaging.batch.message_count': records.length,
    },
    headers: records.map(({ headers }) => headers),
  };
}

function measure(topic: string, outcome: SliceOutcome, elapsedMs: number): void {
  const destination = { 'messaging.destination.name': topic };
  histogram(metrics.sliceDuration).record(elapsedMs / 1000, destination);
  for (const [name, count] of Object.entries(outcome)) {
    if (count > 0) counter(metrics.eventsConsumed).add(count, { ...destination, outcome: name });
  }
}
