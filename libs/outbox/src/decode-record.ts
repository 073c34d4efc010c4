import {
  ContractViolationError,
  decodeEvent,
  emittersOf,
  type EventEnvelope,
  type EventType,
  fromHeaders,
  topicOf,
  UndecodableEnvelopeError,
} from '@penguinmails/contracts';
import type { IncomingRecord } from '@penguinmails/kafka';
import type { DecodedRecord, EventRecord } from './event-record.js';
import type { ReceivedEvent } from './events.js';
import { speaksOfOneTenant } from './one-tenant.js';
import { isStorable } from './storable.js';

/** Decodes a record; never throws for anything that is in it. */
export function decodeRecord(
  record: IncomingRecord,
  handles: (type: string) => type is EventType,
): DecodedRecord {
  const type = record.headers.ce_type;
  if (type !== undefined && !handles(type)) return { kind: 'ignored', record };
  try {
    return decode(record);
  } catch (error) {
    return { kind: 'undecodable', record, reason: reasonOf(error, record) };
  }
}

/** The envelope is whole but the event does not belong here; the message is the slug. */
class MisplacedEventError extends Error {
  override readonly name = 'MisplacedEventError';
}

function decode(record: IncomingRecord): EventRecord {
  const envelope = fromHeaders(record.headers);
  const type = envelope.type as EventType;
  if (
    !emittersOf(type).includes(envelope.source) ||
    topicOf(type, envelope.source) !== record.topic
  )
    throw new MisplacedEventError('wrong_topic');
  const key = record.key || envelope.partitionKey;
  if (!isStorable(key)) throw new MisplacedEventError('bad_key');
  const event = received(type, envelope, record);
  // The header alone decides whose rows are touched: who disagrees with it is not believed at all.
  if (!speaksOfOneTenant(type, { ...event, key })) throw new MisplacedEventError('tenant_mismatch');
  return { kind: 'event', record, key, event };
}

function received(type: EventType, envelope: EventEnvelope, record: IncomingRecord): ReceivedEvent {
  return {
    id: envelope.id,
    type,
    tenantId: envelope.tenantId,
    subject: envelope.subject,
    time: envelope.time,
    data: decodeEvent(type, record.value),
    entityVersion: envelope.entityVersion ?? null,
    correlationId: envelope.correlationId ?? null,
    causationId: envelope.causationId ?? null,
    traceparent: envelope.traceparent ?? null,
  };
}

function reasonOf(error: unknown, record: IncomingRecord): string {
  if (error instanceof UndecodableEnvelopeError) return `bad_header_${error.header}`;
  if (error instanceof MisplacedEventError) return error.message;
  if (error instanceof ContractViolationError && record.value === null) return 'empty_value';
  if (error instanceof ContractViolationError) return 'invalid_data';
  throw error;
}
