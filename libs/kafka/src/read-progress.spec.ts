import { describe, expect, it } from '@jest/globals';
import { ReadProgress } from './read-progress.js';

const at = (second: number) => new Date(Date.UTC(2026, 10, 22, 12, 0, second));

interface Offsets {
  committed: number | null;
  end: number;
  begin?: number;
}

function seen(partition: number, { committed, end, begin = 0 }: Offsets, topic = 'a') {
  const records = Math.max(end - Math.max(committed ?? -1, begin), 0);
  return { topic, partition, records, committed, begin, end };
}

/** Observes partition 0 of topic a once a second from 0 on; what is known after each time. */
function after(...observed: Offsets[]): (Date | null)[] {
  const progress = new ReadProgress(['a']);
  return observed.map((offsets, second) => {
    progress.observe(at(second), [seen(0, offsets)]);
    return progress.readUntil();
  });
}

describe('until when a group has read', () => {
  it('is when an end was seen that the group has reached since, wherever the end is now', () => {
    expect(after({ committed: 100, end: 105 }, { committed: 106, end: 113 })).toEqual([
      null,
      at(0),
    ]);
    expect(after({ committed: 100, end: 105 }, { committed: 105, end: 113 })[1]).toEqual(at(0));
    expect(after({ committed: 100, end: 105 }, { committed: 104, end: 113 })[1]).toBeNull();
  });

  it('is the time of the measurement when nothing was left', () => {
    expect(after({ committed: 5, end: 5 }, { committed: 5, end: 5 })).toEqual([at(0), at(1)]);
    expect(after({ committed: 3, end: 5 }, { committed: 9, end: 9 })).toEqual([null, at(1)]);
  });

  it('stays behind by the gathering and no more under a steady load', () => {
    const known = after(
      ...Array.from({ length: 500 }, (_, second) => ({
        committed: Math.max(second - 2, 0) * 20 + 7,
        end: second * 20 + 20,
      })),
    );
    const behind = known.slice(10).map((until, n) => at(n + 10).getTime() - Number(until));
    expect(Math.max(...behind)).toBeLessThanOrEqual(6000);
  });

  it('is never later than the first record that is not read, whatever the commits do', () => {
    let [end, committed, seed] = [0, 0, 7];
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const appendedAt: number[] = [];
    const progress = new ReadProgress(['a']);
    for (let second = 1; second < 2000; second++) {
      progress.observe(at(second), [seen(0, { committed, end })]);
      const unread = appendedAt[committed] ?? second;
      expect(Number(progress.readUntil())).toBeLessThanOrEqual(at(unread).getTime());
      for (let n = random(5); n > 0; n--) appendedAt[end++] = second;
      committed += random(Math.min(end - committed, 8) + 1);
    }
    expect(committed).toBeGreaterThan(1000);
  });

  it('falls behind while nothing is committed', () => {
    const stuck = { committed: 7, end: 9 };
    expect(after({ committed: 7, end: 7 }, stuck, { ...stuck, end: 20 })).toEqual([
      at(0),
      at(0),
      at(0),
    ]);
  });

  it('is unknown before the first commit, unless the partition is empty', () => {
    const unread = { committed: null, end: 4 };
    expect(after(unread, { committed: null, end: 4 }, { committed: 4, end: 6 })).toEqual([
      null,
      null,
      at(0),
    ]);
    expect(after({ committed: null, end: 0 }, { committed: null, end: 3 })).toEqual([at(0), at(0)]);
    expect(after({ committed: null, begin: 8, end: 8 })).toEqual([at(0)]);
    expect(after({ committed: 5, begin: 8, end: 8 })).toEqual([at(0)]);
  });

  it.each<[string, Offsets, Offsets]>([
    ['the topic was made anew', { committed: 3, end: 8 }, { committed: 8, end: 9 }],
    ['the topic is shorter than its group', { committed: 20, end: 8 }, { committed: 8, end: 9 }],
    ['the topic lost its end', { committed: 10, end: 11 }, { committed: 11, end: 13 }],
    ['the group was set back', { committed: 3, end: 20 }, { committed: 21, end: 22 }],
    ['the group was forgotten', { committed: null, end: 20 }, { committed: 21, end: 22 }],
  ])('starts anew when %s', (_, back, next) => {
    const known = after({ committed: 10, end: 10 }, { committed: 10, end: 12 }, back, next);
    const stillLost = back.committed !== null && back.committed > back.end;
    expect(known).toEqual([at(0), at(0), null, stillLost ? null : at(2)]);
  });

  it('starts anew when records were removed unread', () => {
    const known = after(
      { committed: 10, end: 10 },
      { committed: 10, end: 12 },
      { committed: 10, begin: 15, end: 20 },
      { committed: 16, begin: 15, end: 21 },
      { committed: 21, begin: 15, end: 23 },
    );
    expect(known).toEqual([at(0), at(0), null, null, at(3)]);
  });

  it('is that of the slowest partition, and of none that is gone', () => {
    const progress = new ReadProgress(['a']);
    const done = { committed: 5, end: 5 };
    progress.observe(at(0), [seen(0, done), seen(1, done)]);
    progress.observe(at(30), [seen(0, done), seen(1, { committed: 5, end: 6 })]);
    expect(progress.readUntil()).toEqual(at(0));
    progress.observe(at(40), [seen(0, done)]);
    expect(progress.readUntil()).toEqual(at(40));
  });

  it('is unknown while a partition that was added has unread records', () => {
    const progress = new ReadProgress(['a']);
    progress.observe(at(0), [seen(0, { committed: 5, end: 5 })]);
    const added = { committed: null, end: 2 };
    progress.observe(at(1), [seen(0, { committed: 5, end: 5 }), seen(1, added)]);
    expect(progress.readUntil()).toBeNull();
    progress.observe(at(2), [seen(0, { committed: 5, end: 5 }), seen(1, { committed: 2, end: 4 })]);
    expect(progress.readUntil()).toEqual(at(1));
  });

  it('is unknown before every topic was seen, and takes none for one that begins alike', () => {
    const progress = new ReadProgress(['a', 'emails']);
    expect(progress.readUntil()).toBeNull();
    const done = { committed: 5, end: 5 };
    progress.observe(at(0), [seen(0, done), seen(0, done, 'emails.v1')]);
    expect(progress.readUntil()).toBeNull();
    progress.observe(at(1), [seen(0, done), seen(0, done, 'emails')]);
    expect(progress.readUntil()).toEqual(at(1));
  });
});
