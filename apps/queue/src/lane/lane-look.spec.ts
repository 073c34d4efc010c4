import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { SystemDatabase } from '@penguinmails/database';
import { LaneDirectory } from './lane-directory.js';
import { LaneLook, LOOK_EVERY_MS } from './lane-look.js';

let now: number;
beforeEach(() => {
  now = 10_000;
  jest.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => void jest.restoreAllMocks());

/** How long after each of some looks, that take so long, the next one is due. */
async function pauses(...tookMs: number[]): Promise<number[]> {
  const database = { once: async () => ((now += tookMs.shift() ?? 0), []) };
  const look = new LaneLook(
    database as unknown as SystemDatabase,
    {} as never,
    new LaneDirectory(),
  );
  const due: number[] = [];
  while (tookMs.length > 0) {
    now = Math.max(now, look.nextAt());
    await look.ifDue();
    due.push(look.nextAt() - now);
  }
  return due;
}

describe('looks for lanes', () => {
  it('follow each other by their time while they are short', async () => {
    expect(await pauses(1, 2, 3)).toEqual([LOOK_EVERY_MS, LOOK_EVERY_MS, LOOK_EVERY_MS]);
  });

  it('rest for ten times as long as they take when there are that many lanes', async () => {
    expect(await pauses(500, 400, 600)).toEqual([LOOK_EVERY_MS, 4_000, 5_000]);
    expect(await pauses(500, 1, 500, 1, 500)).toEqual([
      LOOK_EVERY_MS,
      LOOK_EVERY_MS,
      5_000,
      LOOK_EVERY_MS,
      5_000,
    ]);
  });

  it('do not rest for one in which the database stood still', async () => {
    expect(await pauses(1, 15_000, 1)).toEqual([LOOK_EVERY_MS, LOOK_EVERY_MS, LOOK_EVERY_MS]);
  });
});
