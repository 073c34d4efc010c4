import { describe, expect, it } from '@jest/globals';
import { type ClaimedLists, leasedJobs, placeTime } from './claimed-lists.js';
import { comparePlaces } from './lane.js';

const LANE = { tenantId: 'tenant', type: 'send_email', rateKey: 'mailbox', priority: 5 };
const US = Date.UTC(2026, 10, 23, 2, 0, 0) * 1_000;

const claimed = (more: Partial<ClaimedLists> = {}): ClaimedLists => ({
  lanes: [1, 1],
  expiresAt: new Date(0),
  ids: ['a', 'b'],
  payloads: [{ mailbox_id: 'm' }, {}],
  attempts: [0, 3],
  scheduledAt: [US, US + 1],
  createdAt: [1_000.5, 2_000],
  domainKeys: null,
  correlationIds: null,
  traceparents: null,
  wasPutOff: null,
  ...more,
});

describe('leasedJobs', () => {
  it('gives each job what stands in its place of every list', () => {
    const lists = {
      domainKeys: [null, 'd'],
      correlationIds: ['c', null],
      traceparents: [null, 't'],
      wasPutOff: [false, true],
    };
    expect(leasedJobs([LANE], claimed(lists))).toEqual([
      {
        ...LANE,
        ...{ jobId: 'a', payload: { mailbox_id: 'm' }, attempt: 1, expiresAt: new Date(0) },
        ...{ scheduledAt: '2026-11-23 02:00:00', createdAt: new Date(1_000) },
        ...{ domainKey: null, correlationId: 'c', traceparent: null, wasPutOff: false },
      },
      {
        ...LANE,
        ...{ jobId: 'b', payload: {}, attempt: 4, expiresAt: new Date(0) },
        ...{ scheduledAt: '2026-11-23 02:00:00.000001', createdAt: new Date(2_000) },
        ...{ domainKey: 'd', correlationId: null, traceparent: 't', wasPutOff: true },
      },
    ]);
  });

  it('puts each job into its lane', () => {
    const other = { ...LANE, tenantId: 'other', priority: 9 };
    const jobs = leasedJobs([LANE, other], claimed({ lanes: [2, 1] }));
    expect(jobs.map(({ tenantId, priority }) => [tenantId, priority])).toEqual([
      ['other', 9],
      ['tenant', 5],
    ]);
  });

  it('knows of what no job has', () => {
    const [first] = leasedJobs([LANE], claimed());
    expect(first).toMatchObject({ domainKey: null, correlationId: null, wasPutOff: false });
  });
});

describe('placeTime', () => {
  it.each([
    [0, '2026-11-23 02:00:00'],
    [10_000_000, '2026-11-23 02:00:10'],
    [10_500_000, '2026-11-23 02:00:10.5'],
    [123_456, '2026-11-23 02:00:00.123456'],
    [1, '2026-11-23 02:00:00.000001'],
    [-1, '2026-11-23 01:59:59.999999'],
    [100_020, '2026-11-23 02:00:00.10002'],
  ])('writes %d µs later as the database does', (us, text) => {
    expect(placeTime(US + us)).toBe(text);
  });

  it('puts a time before all times in front', () => {
    const place = (us: number) => ({ at: placeTime(us), id: '' });
    expect(placeTime(-Infinity)).toBe('-infinity');
    expect(comparePlaces(place(-Infinity), place(0))).toBeLessThan(0);
  });
});
