import { describe, expect, it } from '@jest/globals';
import { findBadShape, isDeeperThan } from './json-shape.js';

const depth = (json: string, max: number): boolean => isDeeperThan(Buffer.from(json), max);

/** The depth of what JSON.parse builds, as the plain truth to compare with. */
const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0;

describe('isDeeperThan', () => {
  it.each([
    '1',
    '"[[[["',
    '["\\"[[[[", "\\\\", [1]]',
    '{"a\\\\\\"[": {"b": "}}}}"}}',
    '[[1],[2,[3]],{}]',
    '{"é[": "\\u005b[["}',
    '"unfinished [[[',
  ])('counts brackets outside texts only: %s', (json) => {
    const actual = json.startsWith('"unf') ? 0 : depthOf(JSON.parse(json));
    expect(depth(json, actual)).toBe(false);
    if (actual > 0) expect(depth(json, actual - 1)).toBe(true);
  });

  it('agrees with JSON.parse on random documents', () => {
    const texts = ['', '"', '\\', '[', '}', 'é', '\u2028'];
    let seed = 7;
    const next = (below: number): number => (seed = (seed * 16807) % 2147483647) % below;
    const grow = (level: number): unknown => {
      const kind = level > 6 ? 0 : next(4);
      if (kind === 0) return texts[next(7)].repeat(next(4));
      if (kind === 1) return Array.from({ length: next(4) }, () => grow(level + 1));
      if (kind === 2) return next(100);
      return { [texts[next(7)]]: grow(level + 1), b: grow(level + 1) };
    };
    for (let round = 0; round < 2000; round += 1) {
      const value = grow(0);
      const actual = depthOf(value);
      expect(depth(JSON.stringify(value), actual)).toBe(false);
      if (actual > 0) expect(depth(JSON.stringify(value), actual - 1)).toBe(true);
    }
  });

  it('takes a 25 MB attachment, a million escapes and a bomb', () => {
    const mail = Buffer.from(JSON.stringify({ content: 'A'.repeat(25_000_000) }));
    const slashes = Buffer.from(`["${'\\\\'.repeat(500_000)}"]`);
    const quotes = Buffer.from(JSON.stringify('"'.repeat(500_000)));
    expect([mail, slashes, quotes].map((json) => isDeeperThan(json, 32))).toEqual([
      false,
      false,
      false,
    ]);
    expect(depth('['.repeat(1_000_000), 32)).toBe(true);
  });
});

describe('findBadShape', () => {
  it('points at long arrays and at keys every object has', () => {
    const long = Array.from({ length: 1001 }, () => 0);
    expect(findBadShape({ a: { 'b/c': long } })).toEqual({
      pointer: '/a/b~1c',
      code: 'array_too_long',
    });
    expect(findBadShape({ a: [{ constructor: 1 }] })).toEqual({
      pointer: '/a/0/constructor',
      code: 'unknown_field',
    });
    expect(findBadShape({ a: long.slice(1), constructors: 1 })).toBeUndefined();
  });
});
