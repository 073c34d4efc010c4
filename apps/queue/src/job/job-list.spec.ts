import { describe, expect, it } from '@jest/globals';
import { newId, uuidTime } from '@penguinmails/contracts';
import { rangesOf } from './job-list.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = new Date('2026-11-23T12:00:00Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const idAt = (time: Date) => {
  const hex = time.getTime().toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}${newId().slice(13)}`;
};
const ranges = (filter: object) => rangesOf({ limit: 25, ...filter }, NOW);

describe('where a list of jobs is looked for', () => {
  it('is the last two days first, then all that is kept', () => {
    const [recent, whole] = ranges({});
    expect(recent).toMatchObject({ toId: null, endedFrom: ago(2 * DAY + HOUR) });
    expect(uuidTime(recent.fromId!)).toEqual(ago(2 * DAY + HOUR));
    expect(whole.endedFrom.getTime()).toBeLessThan(ago(90 * DAY).getTime());
  });

  it('goes on before the last page’s end, in the two days before it', () => {
    const after = idAt(ago(10 * DAY));
    const [recent] = ranges({ after });
    expect(recent).toMatchObject({ toId: after, endedFrom: ago(12 * DAY + HOUR) });
  });

  it('is everything from a row on when paging back', () => {
    const before = idAt(ago(10 * DAY));
    expect(ranges({ before })).toEqual([
      { fromId: before, toId: null, endedFrom: ago(10 * DAY + HOUR) },
    ]);
  });

  it('ends where the creation that is asked for does, give or take clocks and the way of an event', () => {
    const [recent] = ranges({ createdBefore: ago(5 * DAY) });
    expect(uuidTime(recent.toId!)).toEqual(ago(5 * DAY - HOUR));
    const whole = ranges({ createdAfter: ago(DAY) }).at(-1)!;
    expect(uuidTime(whole.fromId!)).toEqual(ago(9 * DAY + HOUR));
  });

  it('knows no time of an id that tells none', () => {
    const after = '9f0c1d2e-0000-4000-8000-000000000000';
    expect(ranges({ after })[0]).toMatchObject({ toId: after, endedFrom: ago(2 * DAY + HOUR) });
  });
});
