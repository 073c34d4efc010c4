import { describe, expect, it } from '@jest/globals';
import { activityOf, billingOf, type Occurrence } from './email-activity.js';

const tenantId = 'one';
const live = (at: string, bytes = 0): Occurrence => ({
  tenantId,
  mode: 'live',
  at: new Date(at),
  bytes,
});
const test = (at: string): Occurrence => ({ ...live(at), mode: 'test' });
const ofAnother = (at: string): Occurrence => ({ ...live(at), tenantId: 'another' });

describe('activityOf', () => {
  it('sums by UTC hour and mode', () => {
    const increments = activityOf([
      live('2026-11-22T10:59:59.999Z', 5),
      live('2026-11-22T10:00:00Z', 7),
      live('2026-11-22T11:00:00Z', 1),
      test('2026-11-22T10:30:00Z'),
    ]);
    expect(increments).toEqual([
      { tenantId, bucket: '2026-11-22T10:00:00Z', mode: 'live', count: 2, bytes: 12 },
      { tenantId, bucket: '2026-11-22T11:00:00Z', mode: 'live', count: 1, bytes: 1 },
      { tenantId, bucket: '2026-11-22T10:00:00Z', mode: 'test', count: 1, bytes: 0 },
    ]);
  });
});

describe('several tenants', () => {
  it('are summed each by itself', () => {
    const at = '2026-11-22T10:00:00Z';
    const all = [live(at), ofAnother(at), live(at)];
    const own = (sums: readonly { tenantId: string; count: number }[]) =>
      sums.map(({ tenantId: whose, count }) => [whose, count]);
    expect(own(activityOf(all))).toEqual([
      ['one', 2],
      ['another', 1],
    ]);
    expect(own(billingOf(all))).toEqual(own(activityOf(all)));
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
      { tenantId, period_start: '2026-10-01', count: 1, bytes: 10 },
      { tenantId, period_start: '2026-11-01', count: 2, bytes: 50 },
    ]);
  });

  it('bills nothing for test mail alone', () => {
    expect(billingOf([test('2026-11-02T00:00:00Z')])).toEqual([]);
  });
});
