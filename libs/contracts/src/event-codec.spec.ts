import { describe, expect, it } from '@jest/globals';
import { ContractViolationError } from './contract-check.js';
import { contractFolders, type JsonObject, mutants } from '../test/contract-examples.js';
import { chunkItems, decodeEvent, encodeEvent, validateEvent } from './event-codec.js';
import type { EventData } from './event-types.js';
import { newEmailId } from './ids.js';

const TYPE = 'penguinmails.delivery.recorded.v1';

const cases = contractFolders().flatMap(({ type, schema, examples }) =>
  examples.map(({ name, data }) => ({ type, schema, name, data })),
);

describe.each(cases)('$type, example $name', ({ type, schema, data }) => {
  it('is accepted from writers and by readers', () => {
    const value = encodeEvent(type, data);
    expect(decodeEvent(type, value)).toEqual(data);
    expect(decodeEvent(type, Buffer.from(value))).toEqual(data);
  });

  it('is refused with any required field missing or of a wrong type', () => {
    const broken = mutants(schema, data as unknown as JsonObject);
    expect(broken.length).toBeGreaterThan(0);
    for (const { what, data: mutant } of broken) {
      expect([what, accepts(() => validateEvent(type, mutant))]).toEqual([what, false]);
      expect([what, accepts(() => decodeEvent(type, JSON.stringify(mutant)))]).toEqual([
        what,
        false,
      ]);
    }
  });

  it('is refused from writers with an unknown field, which readers ignore', () => {
    const wider = { ...data, added_later: 1 };
    expect(() => validateEvent(type, wider)).toThrow('additionalProperty":"added_later"');
    expect(decodeEvent(type, JSON.stringify(wider))).toEqual(wider);
  });
});

describe('a delivery.recorded event', () => {
  const item = (changes: object = {}) => ({
    email_id: newEmailId(),
    attempt: 1,
    class: 'delivered',
    final: true,
    code: 250,
    enhanced_code: '2.0.0',
    error_code: null,
    occurred_at: '2026-11-22T10:15:30.123Z',
    ...changes,
  });
  const data = (...items: unknown[]) => ({ items }) as EventData<typeof TYPE>;

  it('may hold a class that a later version adds for readers only', () => {
    const later = data(item({ class: 'greylisted' }));
    expect(() => validateEvent(TYPE, later)).toThrow('/items/0/class breaks enum');
    expect(decodeEvent(TYPE, JSON.stringify(later))).toEqual(later);
  });

  it('refuses an unknown field of an item from writers', () => {
    const talkative = data(item({ reply: '550 no such user' }));
    expect(() => validateEvent(TYPE, talkative)).toThrow('"additionalProperty":"reply"');
  });

  it.each([
    ['no items', data()],
    ['351 items', data(...Array.from({ length: 351 }, () => item()))],
    ['a local time', data(item({ occurred_at: '2026-11-22T10:15:30+02:00' }))],
    ['no date', data(item({ occurred_at: '2026-13-22T10:15:30Z' }))],
    ['an upper-case id', data(item({ email_id: newEmailId().toUpperCase() }))],
    ['free text as code', data(item({ error_code: 'no such user' }))],
    ['a long enhanced code', data(item({ enhanced_code: '5.1.10000' }))],
  ])('refuses %s', (_, broken) => {
    expect(() => validateEvent(TYPE, broken)).toThrow(ContractViolationError);
  });

  it('is refused beyond 64 KiB', () => {
    const items = Array.from({ length: 350 }, () => item({ error_code: 'e'.repeat(64) }));
    expect(() => encodeEvent(TYPE, data(...items))).toThrow('value exceeds 65536 bytes');
  });

  it.each([
    ['the usual items', {}, 300],
    ['the longest items', { error_code: 'e'.repeat(64), enhanced_code: '5.999.999' }, 200],
  ])('is cut into values of at most 60 KiB with %s', (_, changes, atLeast) => {
    const items = Array.from({ length: 1000 }, () => item(changes));
    const chunks = chunkItems(items, 350);
    expect(chunks.flat()).toEqual(items);
    expect(chunks[0].length).toBeGreaterThan(atLeast);
    for (const chunk of chunks) {
      expect(Buffer.byteLength(encodeEvent(TYPE, data(...chunk)))).toBeLessThan(61_440);
    }
  });
});

describe('chunkItems', () => {
  it('cuts by count and keeps the order', () => {
    expect(chunkItems([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(chunkItems([], 2)).toEqual([]);
  });

  it('cuts by size and gives an item that is too large a run of its own', () => {
    expect(chunkItems(['aa', 'b', 'c'.repeat(50), 'd'], 10, 20)).toEqual([
      ['aa', 'b'],
      ['c'.repeat(50)],
      ['d'],
    ]);
  });
});

describe('decodeEvent', () => {
  it.each([null, '', '{', Buffer.from([0xff, 0xfe])])(
    'refuses %j with our error, never a SyntaxError',
    (value) => {
      expect(() => decodeEvent(TYPE, value)).toThrow(ContractViolationError);
    },
  );

  it('does not quote the data in its message', () => {
    const secret = '{"items":[{"email_id":"person@example.test"}] oops';
    expect(() => decodeEvent(TYPE, secret)).toThrow(/^(?!.*person)/);
    const read = () => decodeEvent('penguinmails.email.withdrawn.v1', '{"email_id":"person"}');
    expect(read).toThrow(/^(?!.*person)/);
  });
});

function accepts(attempt: () => unknown): boolean {
  try {
    attempt();
    return true;
  } catch (error) {
    if (error instanceof ContractViolationError) return false;
    throw error;
  }
}
