import type { IncomingRecord } from '@penguinmails/kafka';
import type { ReceivedEvent } from './events.js';

/** A record that is an event this service handles. */
export interface EventRecord {
  kind: 'event';
  record: IncomingRecord;
  /** Order is kept per key and tenant. */
  key: string;
  event: ReceivedEvent;
}

/** A record that cannot be an event: it goes to the dead letters at once. */
export interface UndecodableRecord {
  kind: 'undecodable';
  record: IncomingRecord;
  /** Slug. */
  reason: string;
}

/** A type that other services handle, or that this version does not know yet. */
export interface IgnoredRecord {
  kind: 'ignored';
  record: IncomingRecord;
}

export type DecodedRecord = EventRecord | UndecodableRecord | IgnoredRecord;

/** Order is kept among the events of one key of one tenant. */
export function orderKey(tenantId: string, key: string): string {
  return `${tenantId} ${key}`;
}

export function isEvent(decoded: DecodedRecord): decoded is EventRecord {
  return decoded.kind === 'event';
}

export function isUndecodable(decoded: DecodedRecord): decoded is UndecodableRecord {
  return decoded.kind === 'undecodable';
}
