/** What an event written because of a received one inherits from it. */
export interface Cause {
  correlationId: string;
  /** Trace headers (`traceparent`, maybe `tracestate`) of the span that handles the cause. */
  trace: Readonly<Record<string, string>>;
}

/** The received events of a transaction, by id. */
export interface Causes {
  get(eventId: string): Cause | undefined;
}

const causesOfTransaction = new WeakMap<object, Causes>();

/** Says which received events (by id) are being handled in a transaction. */
export function rememberCauses(tx: object, causes: Causes): void {
  causesOfTransaction.set(tx, causes);
}

/** The cause of a new event, if `causationId` is an event that this transaction handles. */
export function causeOf(tx: object, causationId: string | undefined): Cause | undefined {
  return causationId === undefined ? undefined : causesOfTransaction.get(tx)?.get(causationId);
}
