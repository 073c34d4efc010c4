import { assertFits, ContractViolationError } from './contract-check.js';
import type { EventData, EventType } from './event-types.js';
import { eventChecks } from './generated/event-checks.js';

/** Largest value of a record, in bytes (CloudEvents: what every intermediary must forward). */
export const MAX_VALUE_BYTES = 64 * 1024;
/**
 * Limit for the items of one event; the rest is left for the frame around them. 60 KiB hold some
 * 320 items of delivery.recorded, so its limit of 350 items alone is not enough.
 */
export const MAX_ITEMS_BYTES = 60 * 1024;

/**
 * Checks data before it is written: the schema holds and no field is unknown to it.
 * @throws ContractViolationError
 */
export function validateEvent<T extends EventType>(
  type: T,
  data: unknown,
): asserts data is EventData<T> {
  assertFits(type, eventChecks[type].writes, data);
}

/**
 * The record value of an event: checked as {@link validateEvent} does, then serialised.
 * @throws ContractViolationError also when the value exceeds 64 KiB
 */
export function encodeEvent<T extends EventType>(type: T, data: EventData<T>): string {
  validateEvent(type, data);
  const value = JSON.stringify(data);
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw new ContractViolationError(type, `value exceeds ${MAX_VALUE_BYTES} bytes`);
  }
  return value;
}

/**
 * Reads a record value. Unknown fields are kept and ignored; enumerations may hold values that a
 * later minor version added, so a `switch` over them needs a default branch.
 * @throws ContractViolationError for malformed JSON too, never a SyntaxError: kafkajs takes that
 *   one for a fault of the program and stops the consumer for good
 */
export function decodeEvent<T extends EventType>(
  type: T,
  value: string | Uint8Array | null,
): EventData<T> {
  const data = parse(type, value);
  assertFits(type, eventChecks[type].reads, data);
  return data as EventData<T>;
}

/**
 * Cuts items of one key into runs that fit one event each, in order.
 * @param maxItems as the schema's maxItems
 */
export function chunkItems<I>(
  items: readonly I[],
  maxItems: number,
  maxBytes: number = MAX_ITEMS_BYTES,
): I[][] {
  const chunks: I[][] = [];
  let room = 0;
  for (const item of items) {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    const open = chunks.at(-1);
    if (open && open.length < maxItems && bytes <= room) open.push(item);
    else chunks.push([item]);
    room = (chunks.at(-1) === open ? room : maxBytes) - bytes;
  }
  return chunks;
}

function parse(type: EventType, value: string | Uint8Array | null): unknown {
  if (value === null) throw new ContractViolationError(type, 'the value is empty');
  try {
    return JSON.parse(typeof value === 'string' ? value : Buffer.from(value).toString('utf8'));
  } catch {
    // The parser's message quotes the input, so it is not kept as cause.
    throw new ContractViolationError(type, 'the value is not JSON');
  }
}
