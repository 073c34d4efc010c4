import { describe, expect, it } from '@jest/globals';
import { Occurrences } from './occurrences.ts';

function judged(versions: readonly number[], committed: number) {
  const occurrences = new Occurrences();
  for (const version of versions) occurrences.note('a', version);
  return occurrences.judge(new Map([['a', committed]]));
}
const nothing = { lost: 0, ghosts: 0, inversions: 0, duplicates: 0 };

describe('the judge of a topic', () => {
  it.each([
    ['all in order', [1, 2, 3], 3, {}],
    ['a batch sent twice', [1, 2, 3, 1, 2, 3, 4], 4, { duplicates: 3 }],
    ['a version overtaken', [1, 3, 2], 3, { inversions: 1 }],
    ['a version overtaken and sent twice', [2, 1, 1], 2, { inversions: 1, duplicates: 1 }],
    ['one missing', [1, 3], 3, { lost: 1 }],
    ['the last ones missing', [1], 3, { lost: 2 }],
    ['one never committed', [1, 2, 3], 2, { ghosts: 1 }],
    ['one lost, one never committed', [1, 4], 2, { lost: 1, ghosts: 1 }],
    ['nothing at all', [], 2, { lost: 2 }],
  ])('tells %s', (_, versions, committed, found) => {
    expect(judged(versions, committed)).toEqual({ ...nothing, ...found });
  });
});
