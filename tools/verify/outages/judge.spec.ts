import { describe, expect, it } from '@jest/globals';
import type { Answer, Json } from './api.ts';
import type { Ask } from './asks.ts';
import { effectOf, faultOf, isForBreaker } from './judge.ts';
import { cellsOf } from './parts.ts';

const route = { method: 'GET' };
const ask = { name: 'x', route, required: ['oltp'], optional: ['queue'] } as unknown as Ask;
const write = { ...ask, route: { method: 'POST' } } as Ask;
const [oltp, oltpSlow, queue, kafka] = cellsOf(
  'oltp/killed,oltp-db/slow,queue-db/paused,kafka/killed',
) as [never, never, never, never];
const healthy = new Set([200]);

const PROBLEM = { 'content-type': 'application/problem+json', 'retry-after': '1' };
const REFUSAL = {
  title: 'Service Unavailable',
  code: 'tier_unavailable',
  tier: 'oltp',
  retryable: true,
  detail: 'The core service cannot be reached.',
};

const answer = (
  status: number,
  body: Json,
  headers: Record<string, string> = {},
  ms = 5,
): Answer => ({
  status,
  body,
  headers: new Headers(headers),
  ms,
});
const section = { status: 'unavailable', error: { tier: 'queue' } };
const unkept = { 'cache-control': 'no-store' };

describe('the effect of a failure', () => {
  it('follows from what the route declares', () => {
    expect([oltp, oltpSlow, queue, kafka].map((cell) => effectOf(ask, cell))).toEqual([
      'refused',
      'refused',
      'degraded',
      'untouched',
    ]);
    expect([isForBreaker(ask, oltpSlow), isForBreaker(write, oltpSlow)]).toEqual([true, false]);
    expect(isForBreaker(write, oltp)).toBe(true);
  });

  it('covers thirteen parts in three ways, and no others', () => {
    expect(cellsOf(undefined)).toHaveLength(39);
    expect(() => cellsOf('gateway/killed')).toThrow(/no cell "gateway\/killed"/);
  });
});

describe('an answer', () => {
  it.each([
    ['a refusal as it must be', oltp, answer(503, REFUSAL, PROBLEM)],
    ['a slow tier that answers in time', oltpSlow, answer(200, {})],
    ['a section that is missing', queue, answer(200, { degraded: true, a: [section] }, unkept)],
    ['a route that needs nothing of it', kafka, answer(200, {})],
  ])('is right: %s', (_name, cell, given) => {
    expect(faultOf(ask, cell, given, healthy, 0)).toBeUndefined();
  });

  it.each([
    ['late', oltp, answer(503, REFUSAL, PROBLEM, 3_001), /after 3001 ms/],
    ['none', kafka, answer(0, {}), /no answer/],
    ['from a tier that is gone', oltp, answer(200, {}), /200 instead of 503/],
    ['another status', oltp, answer(500, {}, PROBLEM), /500 instead of 503/],
    ['no problem', oltp, answer(503, REFUSAL, { 'retry-after': '1' }), /no problem/],
    ['of another tier', oltp, answer(503, { ...REFUSAL, tier: 'queue' }, PROBLEM), /blames queue/],
    [
      'without a time',
      oltp,
      answer(503, REFUSAL, { ...PROBLEM, 'retry-after': '' }),
      /Retry-After/,
    ],
    ['that is final', oltp, answer(503, { ...REFUSAL, retryable: false }, PROBLEM), /tried again/],
    ['without words', oltp, answer(503, { ...REFUSAL, detail: 'no' }, PROBLEM), /explains nothing/],
    ['a missing part as a refusal', queue, answer(503, REFUSAL, PROBLEM), /instead of 200/],
    ['silently less', queue, answer(200, { a: section }, unkept), /not say that it is degraded/],
    ['less of nobody', queue, answer(200, { degraded: true }, unkept), /names queue/],
    ['less, to be kept', queue, answer(200, { degraded: true, a: section }), /may be kept/],
    ['less for no reason', kafka, answer(200, { degraded: true }), /as if it needed kafka/],
    ['refused for no reason', kafka, answer(503, REFUSAL, PROBLEM), /as if it needed kafka/],
  ])('is wrong: %s', (_name, cell, given, message) => {
    expect(faultOf(ask, cell, given, healthy, 0)).toMatch(message);
  });
});
