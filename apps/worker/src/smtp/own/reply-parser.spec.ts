import { describe, expect, it } from '@jest/globals';
import { ReplyParser } from './reply-parser.js';
import type { Reply } from './smtp-failure.js';

/** The replies in what came, in these pieces. */
function replies(...pieces: string[]): Reply[] {
  const found: Reply[] = [];
  const parser = new ReplyParser((reply) => found.push(reply));
  for (const piece of pieces) parser.feed(piece);
  return found;
}

describe('ReplyParser', () => {
  const dialogue =
    '220 hi\r\n250-a\r\n250-b c\r\n250 d\r\n354\r\n550-5.7.1 no\r\n550 5.7.1 spam\r\n';
  const expected = [
    { code: 220, text: '220 hi' },
    { code: 250, text: '250-a\n250-b c\n250 d' },
    { code: 354, text: '354' },
    { code: 550, text: '550-5.7.1 no\n550 5.7.1 spam' },
  ];

  it('reads the same replies however the bytes come', () => {
    expect(replies(dialogue)).toEqual(expected);
    expect(replies(...dialogue)).toEqual(expected);
    for (let at = 1; at < dialogue.length; at += 1)
      expect(replies(dialogue.slice(0, at), dialogue.slice(at))).toEqual(expected);
  });

  it('takes bare LF, as old servers end their lines', () => {
    expect(replies('250-a\n250 b\n')).toEqual([{ code: 250, text: '250-a\n250 b' }]);
  });

  it('knows whether a reply is half there', () => {
    const parser = new ReplyParser(() => undefined);
    const after = (bytes: string) => {
      parser.feed(bytes);
      return parser.pending;
    };
    expect(['2', '50-a\r\n', '250', ' b\r\n'].map(after)).toEqual([true, true, true, false]);
  });

  it('shows UTF-8 as text, and other bytes as they are', () => {
    const bytes = Buffer.from('550 Grüße\r\n', 'utf8').toString('latin1');
    expect(replies(bytes)).toEqual([{ code: 550, text: '550 Grüße' }]);
    expect(replies('550 \xff\r\n')).toEqual([{ code: 550, text: '550 \ufffd' }]);
  });

  it.each([
    ['words', 'hello there\r\n'],
    ['an empty line', '\r\n'],
    ['a code of two digits', '25 ok\r\n'],
    ['a code of four digits', '2500 ok\r\n'],
    ['a class that there is not', '650 ok\r\n'],
    ['1xx', '150 ok\r\n'],
    ['another mark', '250+ok\r\n'],
    ['a blank first', ' 250 ok\r\n'],
    ['control characters', '\u0001\u0002\r\n'],
    ['codes that differ', '250-a\r\n550 b\r\n'],
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n'],
    ['a TLS alert', '\x15\x03\x03\x00\x02\x02\x28\n'],
    ['a line without end', '2'.repeat(9_000)],
    ['a line that ends too late', `250 ${'x'.repeat(9_000)}\r\n`],
    ['a reply without end', '250-words words words\r\n'.repeat(4_000)],
  ])('refuses %s', (_, bytes) => {
    expect(() => replies(bytes)).toThrow('smtp_protocol_error');
    expect(() => replies(...(bytes.match(/[^]{1,7}/g) ?? []))).toThrow('smtp_protocol_error');
  });

  it('has read what stood before the garbage', () => {
    const found: Reply[] = [];
    const parser = new ReplyParser((reply) => found.push(reply));
    expect(() => parser.feed('250 ok\r\nrubbish\r\n')).toThrow('smtp_protocol_error');
    expect(found).toEqual([{ code: 250, text: '250 ok' }]);
  });
});
