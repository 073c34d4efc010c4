import type { EventData, EventType } from '@penguinmails/contracts';

/** An event that a use case or handler wants to publish. Topic and key come from the contracts. */
export interface NewEvent<T extends EventType = EventType> {
  readonly type: T;
  readonly tenantId: string;
  /** Id of the aggregate that the event is about. */
  readonly subject: string;
  readonly data: EventData<T>;
  /** Rises with each change of the aggregate. */
  readonly entityVersion?: number;
  /** Default: that of the causing event, else the new event's own id. */
  readonly correlationId?: string;
  /**
   * Id of the event that caused this one. Inside a handler, give the `id` of the received event: the
   * new event then joins that event's trace and correlation.
   */
  readonly causationId?: string;
}

/** A new event of any type: the type decides which data fit. */
export type AnyNewEvent = { [T in EventType]: NewEvent<T> }[EventType];

/** An event as a handler gets it: decoded, checked against its schema, new to this service. */
export interface ReceivedEvent<T extends EventType = EventType> {
  readonly id: string;
  readonly type: T;
  readonly tenantId: string;
  readonly subject: string;
  /** When it happened, by the clock of the writer. */
  readonly time: Date;
  readonly data: EventData<T>;
  readonly entityVersion: number | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  /** W3C trace context of the writer, to be kept with work that runs later (a job). */
  readonly traceparent: string | null;
}
