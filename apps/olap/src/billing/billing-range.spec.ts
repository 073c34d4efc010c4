import { describe, expect, it } from '@jest/globals';
import { billingRange } from './billing-range.js';

const now = new Date('2026-11-22T20:00:00Z');

describe('billingRange', () => {
  it('is the last twelve months by default', () => {
    expect(billingRange({}, now)).toEqual({ from: '2025-12-01', to: '2026-11-22' });
  });

  it('takes the whole month of the first day', () => {
    const range = billingRange({ from: '2026-10-15', to: '2026-11-01' }, now);
    expect(range).toEqual({ from: '2026-10-01', to: '2026-11-01' });
  });

  it.each([
    { from: '2026-02-01', to: '2026-02-30' },
    { from: '2026-12-01', to: '2026-11-01' },
  ])('refuses %p', (asked) => expect(() => billingRange(asked, now)).toThrow());
});
