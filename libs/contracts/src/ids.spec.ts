import { describe, expect, it, jest } from '@jest/globals';
import {
  isStorageKey,
  isUuid,
  newEmailId,
  newId,
  newStorageKey,
  PLATFORM_TENANT_ID,
  uuidTime,
} from './ids.js';

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MANY = 20_000;

const many = (make: () => string) => Array.from({ length: MANY }, make);

describe('newId', () => {
  it('makes UUIDv7s that never repeat and rise', () => {
    const ids = many(newId);
    expect(ids.every((id) => V7.test(id))).toBe(true);
    expect(new Set(ids).size).toBe(MANY);
    expect(ids).toEqual([...ids].sort());
  });

  it('carries the time of its making', () => {
    const before = Date.now();
    const id = newId();
    expect(uuidTime(id).getTime()).toBeGreaterThanOrEqual(before);
    expect(uuidTime(id).getTime() - Date.now()).toBeLessThan(1000);
  });

  it('goes on rising when the clock is set back a little and follows it when far', () => {
    const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
    const first = newId();
    now.mockReturnValue(uuidTime(first).getTime() - 5_000);
    const second = newId();
    now.mockReturnValue(uuidTime(first).getTime() - 3_600_000);
    const third = newId();
    now.mockRestore();
    expect(second > first).toBe(true);
    expect(uuidTime(first).getTime() - uuidTime(third).getTime()).toBe(3_600_000);
  });
});

describe('newEmailId', () => {
  it('is a UUIDv7 whose low 16 bits have the top bit set', () => {
    const ids = many(newEmailId);
    expect(ids.every((id) => V7.test(id))).toBe(true);
    expect(ids.every((id) => (Number.parseInt(id.slice(-4), 16) & 0x8000) !== 0)).toBe(true);
    expect(ids).toEqual([...ids].sort());
  });

  it('spreads the other bits evenly', () => {
    const last = new Set(many(newEmailId).map((id) => id.at(-1)));
    const low = new Set(many(newEmailId).map((id) => id.at(-4)));
    expect(last.size).toBe(16);
    expect(low.size).toBe(8);
  });
});

describe('uuidTime', () => {
  it('reads the example of RFC 9562', () => {
    const time = uuidTime('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
    expect(time.toISOString()).toBe('2022-02-22T19:22:22.000Z');
  });

  it.each(['919108f7-52d1-4320-9bac-f847db4148a8', PLATFORM_TENANT_ID, '', 'x'])(
    'refuses %j',
    (id) => {
      expect(() => uuidTime(id)).toThrow(RangeError);
    },
  );
});

describe('keys', () => {
  it('makes storage keys of 128 random bits', () => {
    const keys = many(newStorageKey);
    expect(keys.every(isStorageKey)).toBe(true);
    expect(new Set(keys).size).toBe(MANY);
  });

  it.each(['cnt_', 'cnt_AAAAAAAAAAAAAAAAAAAAA', 'CNT_AAAAAAAAAAAAAAAAAAAAAA', 7, null])(
    'does not take %j for a storage key',
    (value) => {
      expect(isStorageKey(value)).toBe(false);
    },
  );

  it('takes the canonical form of a UUID only', () => {
    expect(isUuid(PLATFORM_TENANT_ID)).toBe(true);
    expect(isUuid(newId())).toBe(true);
    expect(isUuid(newId().toUpperCase())).toBe(false);
    expect(isUuid(`${newId()}\n`)).toBe(false);
    expect(isUuid(undefined)).toBe(false);
  });
});
