import { describe, expect, it } from '@jest/globals';
import { activityOf, billingOf, type Occurrence } from './email-activity.js';

const live = (at: string, bytes = 0): Occurrence => ({ mode: 'live', at: new Date(at), bytes });
const test = (at: string): Occurrence => ({ mode: 'test', at: new Date(at), bytes: 0 });

describe('activityOf', () => {
  it('sums by UTC hour and mode', () => {
    const increments = activityOf([
      live('2026-11-22T10:59:59.999Z', 5),
      live('2026-11-22T10:00:00Z', 7),
      live('2026-11-22T11:00:00Z', 1),
      test('2026-11-22T10:30:00Z'),
    ]);
    expect(increments).toEqual([
      { bucket: '2026-11-22T10:00:00Z', mode: 'live', count: 2, bytes: 12 },
      { bucket: '2026-11-22T11:00:00Z', mode: 'live', count: 1, bytes: 1 },
      { bucket: '2026-11-22T10:00:00Z', mode: 'test', count: 1, bytes: 0 },
    ]);
  });
});

describe('billingOf', () => {
  it('sums by UTC month and leaves test mail out', () => {
    const increments = billingOf([
      live('2026-10-31T23:59:59Z', 10),
      live('2026-11-01T00:00:00Z', 20),
      live('2026-11-30T23:59:59Z', 30),
      test('2026-11-02T00:00:00Z'),
    ]);
    expect(increments).toEqual([
      { period_start: '2026-10-01', count: 1, bytes: 10 },
      { period_start: '2026-11-01', count: 2, bytes: 50 },
    ]);
  });

  it('bills nothing for test mail alone', () => {
    expect(billingOf([test('2026-11-02T00:00:00Z')])).toEqual([]);
  });
});
