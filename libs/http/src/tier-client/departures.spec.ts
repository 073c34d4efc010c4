import { describe, expect, it } from '@jest/globals';
import { Departures } from './departures.js';

describe('departures', () => {
  let now = 1_000;
  const departures = () => new Departures(64, undefined, () => now);

  it('of one call after the other are at once', () => {
    const of = departures();
    for (let n = 0; n < 10; n += 1) {
      expect(of.waitMs(1, 0)).toBe(0);
      of.left(1);
    }
  });

  it('wait for the one under way, but not longer than 30 ms', () => {
    const of = departures();
    of.left(1);
    now += 5;
    expect(of.waitMs(1, 1)).toBe(25);
    expect(of.waitMs(1, 0)).toBe(0);
    now += 25;
    expect(of.waitMs(1, 1)).toBe(0);
    expect(of.waitMs(1, 2)).toBe(0);
  });

  it('are 30 ms apart while much comes, also when nothing is under way, and then no more', () => {
    const of = departures();
    of.left(4);
    now += 5;
    expect(of.waitMs(3, 0)).toBe(25);
    now += 25;
    expect(of.waitMs(3, 0)).toBe(0);
    of.left(3);
    expect(of.waitMs(1, 0)).toBe(0);
  });

  it('are closer together where calls come in batches already', () => {
    const of = new Departures(64, 10, () => now);
    of.left(22);
    expect(of.waitMs(22, 1)).toBe(10);
    now += 10;
    expect(of.waitMs(22, 1)).toBe(0);
  });

  it('are at once with a full batch, while there is a lane', () => {
    const of = departures();
    of.left(64);
    expect([0, 1, 2].map((underWay) => of.waitMs(64, underWay))).toEqual([0, 0, 0]);
    expect(of.waitMs(63, 2)).toBe(30);
    expect(of.waitMs(64, 3)).toBeUndefined();
    now += 60_000;
    expect(of.waitMs(1, 3)).toBeUndefined();
  });
});
