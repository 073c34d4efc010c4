import { describe, expect, it } from '@jest/globals';
import type { PlannedLane } from '../lane/lane-directory.js';
import type { LeasedJob } from '../lease/leased-job.js';
import { allot } from './allot.js';
import { splitByDomain } from './domain-limits.js';
import { allowanceOf, type Bucket, bucketOf, dayCap, type LimitRule } from './limit-rules.js';
import type { LockedBucket } from './limit.system.repository.js';

const NONE = { perMinute: null, perDay: null, warmupStartedOn: null, warmupCurve: null };
const rule = (fields: Partial<LimitRule>): LimitRule => ({
  ...{ tenantId: 't', key: 'mailbox:m', ...NONE },
  ...fields,
});
const bucket = (fields: Partial<Bucket> = {}): Bucket => ({
  ...{ tokens: 1, usedToday: 0, day: '2026-11-23', dayEndsInMs: 1_000 },
  ...fields,
});

describe('a limit per minute', () => {
  it.each([1, 2, 5, 19, 20, 21, 60, 100, 997, 100_000])(
    'of %i never lets more than that through in 60 seconds, and nearly that in the long run',
    (perMinute) => {
      const { burst, perSecond } = bucketOf(perMinute);
      expect(Math.floor(burst + 60 * perSecond - 1e-6)).toBeLessThanOrEqual(perMinute);
      expect(perSecond * 60).toBeGreaterThanOrEqual(perMinute * 0.95);
      expect(burst).toBeGreaterThanOrEqual(1);
    },
  );

  it('tells how long until the next one', () => {
    const perMinute = rule({ perMinute: 60 });
    expect(allowanceOf(perMinute, bucket({ tokens: 2.7 }))).toMatchObject({ count: 2 });
    const { perSecond } = bucketOf(60);
    expect(allowanceOf(perMinute, bucket({ tokens: 0.5 }))).toEqual({
      count: 0,
      binding: 'per_minute',
      waitMs: (0.5 / perSecond) * 1000,
    });
  });

  it('counts ten tenths of a token as a whole one', () => {
    const tokens = Array.from({ length: 10 }, () => 0.1).reduce((sum, tenth) => sum + tenth, 0);
    expect(tokens).toBeLessThan(1);
    expect(allowanceOf(rule({ perMinute: 6 }), bucket({ tokens })).count).toBe(1);
  });
});

describe('a limit per day', () => {
  it('binds until the day is over', () => {
    expect(allowanceOf(rule({ perDay: 10 }), bucket({ usedToday: 7 })).count).toBe(3);
    expect(allowanceOf(rule({ perDay: 10 }), bucket({ usedToday: 10 }))).toEqual({
      count: 0,
      binding: 'per_day',
      waitMs: 1_000,
    });
  });

  it('grows with the days of a warm-up, and then counts alone', () => {
    const warm = rule({ perDay: 500, warmupStartedOn: '2026-11-22', warmupCurve: [20, 40, 80] });
    const caps = ['2026-11-21', '2026-11-22', '2026-11-23', '2026-11-24', '2026-11-25'];
    expect(caps.map((day) => dayCap(warm, day))).toEqual([
      { cap: 20, part: 'warmup' },
      { cap: 20, part: 'warmup' },
      { cap: 40, part: 'warmup' },
      { cap: 80, part: 'warmup' },
      { cap: 500, part: 'per_day' },
    ]);
  });
});

const planned = (most: number, fields: Partial<PlannedLane['quota']> = {}): PlannedLane => ({
  quota: {
    ...{ tenantId: 't', type: 'send_email', rateKey: 'm', priority: 0, after: null, most },
    ...fields,
  },
  reader: 1,
  touched: 0,
  rewinds: 0,
});
const locked = (key: string, tokens: number, reservedForMs: number | null = null) => ({
  ...bucket({ tokens }),
  ...{ tenantId: 't', key, reservedForMs },
});
const rulesOf = (...rules: LimitRule[]) => {
  const byKey = new Map(rules.map((each) => [each.key, each]));
  return () => byKey;
};

describe('a plan under limits', () => {
  const perMinute = 60;
  const mailbox = rule({ perMinute });
  const tenant = rule({ key: 'tenant', perMinute });

  it('lets lanes of one mailbox share its tokens, the more urgent first', () => {
    const lanes = [planned(10, { priority: 5 }), planned(10)];
    const { allowed, held } = allot(lanes, rulesOf(mailbox), [locked('mailbox:m', 12)]);
    expect(allowed.map(({ quota }) => quota.most)).toEqual([10, 2]);
    expect(held).toEqual([]);
  });

  it('holds what has nothing left, for as long as the limit says', () => {
    const lanes = [planned(10), planned(10, { rateKey: 'other' })];
    const { allowed, held } = allot(lanes, rulesOf(mailbox), [locked('mailbox:m', 0)]);
    expect(allowed.map(({ quota }) => quota.rateKey)).toEqual(['other']);
    expect(held).toMatchObject([{ lane: lanes[0] }]);
    expect(held[0].forMs).toBeCloseTo(1000 / bucketOf(perMinute).perSecond);
  });

  it("obeys the tenant's limit and the mailbox's at once", () => {
    const lanes = [planned(10), planned(10, { rateKey: 'other' })];
    const buckets: LockedBucket[] = [locked('mailbox:m', 2), locked('tenant', 5)];
    const { allowed } = allot(lanes, rulesOf(mailbox, tenant), buckets);
    expect(allowed.map(({ quota }) => quota.most)).toEqual([2, 3]);
  });
});

describe('the limit of a recipient domain', () => {
  const job = (domainKey: string | null, wasPutOff = false) =>
    ({ tenantId: 't', jobId: `${domainKey}`, domainKey, wasPutOff }) as LeasedJob;
  const slot = 1000 / bucketOf(60).perSecond;
  const rules = rulesOf(rule({ key: 'domain:*', perMinute: 60 }));

  it('keeps what it lets through, gives the others the next slots, and leaves the rest alone', () => {
    const jobs = [job('a'), job('a'), job('a'), job('b'), job(null)];
    const buckets = [locked('domain:a', 1), locked('domain:b', 3)];
    const split = splitByDomain(jobs, rules, buckets);
    expect(split.kept).toHaveLength(3);
    expect(split.excess.map(({ delayMs }) => delayMs)).toEqual([slot, 2 * slot]);
    expect(split.uses).toEqual([
      { tenantId: 't', key: 'domain:a', used: 1, reservedMs: 3 * slot },
      { tenantId: 't', key: 'domain:b', used: 1, reservedMs: null },
    ]);
  });

  it('puts new ones behind those that wait, and one that has waited before all of them', () => {
    const buckets = [locked('domain:a', 0, 60_000)];
    const { excess } = splitByDomain([job('a', true), job('a')], rules, buckets);
    expect(excess.map(({ delayMs }) => Math.round(delayMs))).toEqual([
      Math.round(slot),
      Math.round(60_000 + slot),
    ]);
  });
});
