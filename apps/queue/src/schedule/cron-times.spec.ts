import { describe, expect, it } from '@jest/globals';
import { CronError, nextTime } from './cron-times.js';

/** The next `n` times in Berlin, UTC, without seconds. */
function berlin(cron: string, after: string, n: number): string[] {
  const times: Date[] = [];
  for (let at = new Date(after); times.length < n; times.push(at))
    at = nextTime({ cron, timeZone: 'Europe/Berlin' }, at);
  return times.map((time) => time.toISOString().slice(0, 16));
}

describe('recurring times in Berlin', () => {
  it('follow the clock on the wall', () => {
    expect(berlin('30 2 * * *', '2026-03-27T12:00:00Z', 1)).toEqual(['2026-03-28T01:30']);
    expect(berlin('30 2 * * *', '2026-07-01T12:00:00Z', 1)).toEqual(['2026-07-02T00:30']);
  });

  it('run a time that spring leaves out at the end of the gap, once, and not earlier next day', () => {
    expect(berlin('30 2 * * *', '2026-03-28T12:00:00Z', 2)).toEqual([
      '2026-03-29T01:00',
      '2026-03-30T00:30',
    ]);
  });

  it.each([
    ['15,45 2 * * *', ['2026-03-29T01:00', '2026-03-30T00:15']],
    ['0-30 2 * * *', ['2026-03-29T01:00', '2026-03-30T00:00']],
    ['30 2,14 * * *', ['2026-03-29T01:00', '2026-03-29T12:30']],
    ['30 2 29 3 *', ['2026-03-29T01:00', '2027-03-29T00:30']],
  ])('run several that spring leaves out once, at the end of the gap: %s', (cron, times) => {
    expect(berlin(cron, '2026-03-28T13:30:00Z', 2)).toEqual(times);
  });

  it('do not make up for what a rhythm leaves out', () => {
    expect(berlin('*/20 2 * * *', '2026-03-28T12:00:00Z', 1)).toEqual(['2026-03-30T00:00']);
  });

  it.each(['00:30:01', '01:00:00', '01:29:59', '01:45:00'])(
    'run once in autumn, even when the round looks at %s UTC only',
    (late) => {
      expect(berlin('30 2 * * *', `2026-10-25T${late}Z`, 1)).toEqual(['2026-10-26T01:30']);
      expect(berlin('15,30 2 * * *', `2026-10-25T${late}Z`, 1)).toEqual(['2026-10-26T01:15']);
    },
  );

  it('run a time that autumn has twice the first time only', () => {
    expect(berlin('30 2 * * *', '2026-10-24T12:00:00Z', 2)).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
  });

  it('run hourly in each hour of a day that has 23 or 25', () => {
    const hours = (day: string, until: string) =>
      berlin('0 * * * *', day, 30).filter((time) => time < until).length;
    expect(hours('2026-03-28T22:59:00Z', '2026-03-29T22:00')).toBe(23);
    expect(hours('2026-10-24T21:59:00Z', '2026-10-25T23:00')).toBe(25);
  });

  it('are after the time asked for, not at it', () => {
    expect(berlin('0 0 * * *', '2026-01-01T23:00:00Z', 1)).toEqual(['2026-01-02T23:00']);
  });
});

describe('what is no recurring time', () => {
  it.each([
    ['bad', 'UTC'],
    ['0 0 0 * * *', 'UTC'],
    ['0 0 30 2 *', 'UTC'],
    ['0 * * * *', 'Mars/Olympus'],
    ['61 * * * *', 'UTC'],
  ])('is refused: %s in %s', (cron, timeZone) => {
    expect(() => nextTime({ cron, timeZone }, new Date(0))).toThrow(CronError);
  });
});
