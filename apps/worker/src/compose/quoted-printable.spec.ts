import { describe, expect, it } from '@jest/globals';
import { quotedPrintable } from './quoted-printable.js';

/** Park and Miller's generator: the same texts in each run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

const PIECES = [
  ' ',
  '  ',
  '   ',
  '\n',
  '\r\n',
  '\r',
  '.',
  'F',
  'r',
  'From ',
  '=',
  '\t',
  '~',
  '\x7f',
];
const OTHERS = ['\0', 'ü', '中', '😀', '"', 'a', 'word', 'word', 'some more words', 'x'.repeat(71)];

function texts(count: number): string[] {
  const next = numbers(7);
  const all = [...PIECES, ...OTHERS];
  const text = () => Array.from({ length: next(40) }, () => all[next(all.length)]).join('');
  return Array.from({ length: count }, text);
}

/** Every place in a line for what is treated by its place. */
const atEachColumn = [
  ' ',
  ' \n',
  '=',
  'ü',
  ' .',
  '\n.',
  '\nFrom',
  'a\n',
  '  b',
  ' ü',
  '~ ',
].flatMap((what) =>
  Array.from({ length: 80 }, (_, n) => `${'x'.repeat(n)}${what}${'y'.repeat(n % 5)}`),
);

function decoded(text: string): string {
  const joined = text.replaceAll('=\r\n', '');
  const bytes = joined.replace(/=([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

const canonical = (text: string) => text.replace(/\r\n|\r|\n/g, '\r\n');

describe('quoted-printable', () => {
  it.each([
    ['at each column', atEachColumn],
    ['in many texts', texts(2_000)],
    ['in a text of more than is kept', [texts(1_000).join('\n').repeat(4)]],
  ])('keeps what is written, in lines that nobody changes: %s', (_, written) => {
    for (const text of written) {
      const { text: quoted, escaped, unchanged } = quotedPrintable(text);
      expect(decoded(quoted)).toBe(canonical(text));
      expect(escaped).toBe(quoted.match(/=[0-9A-F]{2}/g)?.length ?? 0);
      expect(unchanged).toBe(quoted === canonical(text));
      expect(quoted).toMatch(/^(?:[!-~ ]|\r\n)*$/);
      // Too long, stuffed by a server, changed by an mbox, or by relaxed canonicalisation.
      const spoilt = quoted.split('\r\n').filter((line) => /^.{77}|^\.|^Fr| $| {2}/.test(line));
      expect(spoilt).toEqual([]);
    }
  });

  it('breaks no line that is short enough, and uses all columns of one that is not', () => {
    expect(quotedPrintable(`${'x'.repeat(76)}\ny`).text).toBe(`${'x'.repeat(76)}\r\ny`);
    expect(quotedPrintable('x'.repeat(77)).text).toBe(`${'x'.repeat(75)}=\r\nxx`);
    expect(quotedPrintable(`${'x'.repeat(73)}=\n`).text).toBe(`${'x'.repeat(73)}=3D\r\n`);
    expect(quotedPrintable(`${'x'.repeat(73)}==`).text).toBe(`${'x'.repeat(73)}=\r\n=3D=3D`);
  });
});
