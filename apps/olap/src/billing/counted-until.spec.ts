import { describe, expect, it } from '@jest/globals';
import { countedUntil } from './counted-until.js';

const tenant = '017f22e2-79b0-7cc3-98c4-dc0c0c07398f';
const made = new Date('2022-02-22T19:22:22.000Z');
const [earlier, later] = [new Date('2026-11-01T10:00:00Z'), new Date('2026-11-01T11:00:00Z')];

describe('until when a tenant is counted', () => {
  it.each([
    ['what is read', later, null, later],
    ['an event that is parked', later, earlier, earlier],
    ['what is read before it was parked', earlier, later, earlier],
    ['nothing since the tenant was made, while nothing is known', null, null, made],
    ['the same while something is parked', null, earlier, made],
  ])('is %s', (_, readUntil, oldestParked, expected) => {
    expect(countedUntil(tenant, { readUntil, oldestParked })).toEqual(expected);
  });

  it('is not known of a tenant whose id tells no time, while nothing is known', () => {
    const random = '9c5b94b1-35ad-49bb-b118-8e8fc24abf80';
    const unknown = { readUntil: null, oldestParked: null };
    expect(countedUntil(random, unknown)).toEqual(new Date(0));
    expect(countedUntil(random, { ...unknown, readUntil: later })).toEqual(later);
  });
});
