import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { plainArrayLiteral } from './array-literal.js';

const { prepareValue } = createRequire(import.meta.url)('pg/lib/utils.js') as {
  prepareValue(value: unknown): string;
};

/** What node-postgres makes of an array, read back: both must mean the same to PostgreSQL. */
function read(literal: string): (string | null)[] {
  const values = literal.slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|([^,]+)/g);
  return [...values].map(([, quoted, bare]) =>
    quoted === undefined && bare?.toUpperCase() === 'NULL'
      ? null
      : (quoted?.replaceAll(/\\(.)/gs, '$1') ?? bare!),
  );
}

describe('plainArrayLiteral', () => {
  it.each([
    [[]],
    [['a', 'b c', '', 'NULL', '{x}', 'a,b', 'ü', '😀', '\u2028', "it's"]],
    [[null, 1, -2.5, 1e21, true, false, null]],
    [['0190a3f4-0000-7000-8000-000000000000', null]],
    [['say "yes"', 'C:\\', '\\n', '{"text":"a\\nb \\"c\\""}', '\\\\', '"']],
  ])('means the same as the long way: %j', (values: unknown[]) => {
    expect(read(plainArrayLiteral(values)!)).toEqual(read(prepareValue(values)));
  });

  it.each([
    ['a line', 'a\nb'],
    ['a line behind a backslash', 'a\\\nb'],
    ['half a character', '\ud800'],
    ['a time', new Date(0)],
    ['bytes', Buffer.from('x')],
    ['an object', { a: 1 }],
    ['an array', ['a']],
    ['a large number', 10n],
    ['no number', NaN],
  ])('leaves %s to the long way', (_what, value) => {
    expect(plainArrayLiteral(['a', value])).toBeUndefined();
  });
});
