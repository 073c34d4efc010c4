import { describe, expect, it } from '@jest/globals';
import { FairTurns } from './fair-turns.js';

const taken = (turns: FairTurns<string>): string[] => {
  const all: string[] = [];
  for (let next = turns.take(); next !== undefined; next = turns.take()) all.push(next);
  return all;
};

describe('fair turns', () => {
  it('hands out tenant by tenant, each in its order', () => {
    const turns = new FairTurns<string>();
    for (const work of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) turns.add(work[0], work);
    expect([turns.size, turns.of('a'), turns.of('d'), turns.peek()]).toEqual([6, 3, 0, 'a1']);
    expect(taken(turns)).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3']);
    expect([turns.size, turns.peek()]).toEqual([0, undefined]);
  });

  it('a tenant that comes later need not wait for all of the one before', () => {
    const turns = new FairTurns<string>();
    for (let n = 0; n < 100; n += 1) turns.add('a', `a${n}`);
    expect(turns.take()).toBe('a0');
    turns.add('b', 'b0');
    expect([turns.take(), turns.take()]).toEqual(['a1', 'b0']);
  });

  it('forgets what was removed', () => {
    const turns = new FairTurns<string>();
    for (const work of ['a1', 'a2', 'b1']) turns.add(work[0], work);
    expect([turns.remove('a', 'a1'), turns.remove('a', 'a1'), turns.remove('x', 'a2')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([turns.size, turns.of('a')]).toEqual([2, 1]);
    expect(taken(turns)).toEqual(['a2', 'b1']);
  });
});
