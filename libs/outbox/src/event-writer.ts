import { Injectable } from '@nestjs/common';
import {
  declarationOf,
  encodeEvent,
  type EventEnvelope,
  type EventType,
  keyOf,
  newId,
  type Tier,
  toHeaders,
  topicOf,
} from '@penguinmails/contracts';
import type { SystemTransaction, TenantRows, TenantTransaction } from '@penguinmails/database';
import { injectTrace, SpanKind, spans, withSpan } from '@penguinmails/observability';
import { causeOf } from './causes.js';
import type { AnyNewEvent, NewEvent } from './events.js';
import { insertOutboxRows, type OutboxRecord, type OutboxRow } from './outbox-rows.js';
import type { WakeUp } from './wake-up.js';

/** How long public events wait for more of them (ADR 17). */
const PUBLIC_GATHER_MS = 100;

export interface EventWriterSettings {
  tier: Tier;
  emits: readonly EventType[];
  publicUrl: string;
}

/** The events of one of several changes that one statement writes. */
export interface PreparedChange {
  /** The number of the change in that statement. */
  readonly item: number;
  readonly events: readonly AnyNewEvent[];
  /** Headers of the request that it belongs to. */
  readonly trace: Readonly<Record<string, string>>;
}

type WriterTransaction = TenantTransaction | SystemTransaction;

/** A type that the service does not list under `emits`: a fault of the program. */
export class UndeclaredEventError extends Error {
  override readonly name = 'UndeclaredEventError';
  constructor(type: string, tier: Tier) {
    super(`${tier} does not declare that it emits ${type}`);
  }
}

/** The only way to publish: events become rows of the outbox, in the caller's transaction. */
@Injectable()
export class EventWriter {
  readonly #emits: ReadonlySet<string>;

  constructor(
    private readonly settings: EventWriterSettings,
    private readonly wakeUp: WakeUp,
  ) {
    this.#emits = new Set(settings.emits);
  }

  /**
   * Writes the events with one INSERT; the relay publishes them after the commit, in this order per
   * key. Call it after the aggregate's row was written or locked: that lock is what makes the order
   * of the outbox the order of the commits.
   *
   * @throws UndeclaredEventError, ContractViolationError, EventKeyError; nothing is written then
   */
  async write(tx: WriterTransaction, events: readonly AnyNewEvent[]): Promise<void> {
    if (events.length === 0) return;
    const options = {
      kind: SpanKind.PRODUCER,
      attributes: { 'messaging.batch.message_count': events.length },
    };
    await withSpan(spans.outboxWrite, options, () => {
      const trace = injectTrace();
      return insertOutboxRows(
        tx,
        events.map((event) => this.#row(tx, event, trace)),
      );
    });
    tx.onCommit(() => this.#wake(events));
  }

  /**
   * The rows of events for a statement of the caller's own that ends in `outboxInsertOfMany`; its commit
   * wakes the relay. For changes that are written many at a time, each with its own events.
   *
   * @throws UndeclaredEventError, ContractViolationError, EventKeyError
   */
  prepare(tx: WriterTransaction | TenantRows, changes: readonly PreparedChange[]): OutboxRecord[] {
    if (changes.length > 0) tx.onCommit(() => this.#wake(changes.flatMap(({ events }) => events)));
    return changes.flatMap(({ item, events, trace }) =>
      events.map((event) => ({ ...this.#row(tx, event, trace), item })),
    );
  }

  /** The way of an e-mail goes over internal events; public ones tell of it, and may gather. */
  #wake(events: readonly AnyNewEvent[]): void {
    if (events.every(({ type }) => declarationOf(type).visibility === 'public'))
      this.wakeUp.notifyWithin(PUBLIC_GATHER_MS);
    else this.wakeUp.notify();
  }

  #row<T extends EventType>(
    tx: WriterTransaction | TenantRows,
    event: NewEvent<T>,
    activeTrace: Readonly<Record<string, string>>,
  ): OutboxRow {
    const { type, tenantId, subject, data } = event;
    if (!this.#emits.has(type)) throw new UndeclaredEventError(type, this.settings.tier);
    const payload = encodeEvent(type, data);
    const key = keyOf(type, { tenantId, data });
    const envelope = this.#envelope(tx, event, key, activeTrace);
    return {
      tenantId,
      id: envelope.id,
      topic: topicOf(type, this.settings.tier),
      key,
      aggregateType: type.split('.')[1],
      aggregateId: subject,
      type,
      headers: toHeaders(envelope, this.settings.publicUrl),
      payload,
    };
  }

  #envelope(
    tx: WriterTransaction | TenantRows,
    event: NewEvent,
    partitionKey: string,
    activeTrace: Readonly<Record<string, string>>,
  ): EventEnvelope {
    const id = newId();
    const cause = causeOf(tx, event.causationId);
    return {
      id,
      type: event.type,
      source: this.settings.tier,
      subject: event.subject,
      time: new Date(),
      tenantId: event.tenantId,
      partitionKey,
      entityVersion: event.entityVersion,
      correlationId: event.correlationId ?? cause?.correlationId ?? id,
      causationId: event.causationId,
      ...(cause?.trace ?? activeTrace),
    };
  }
}
