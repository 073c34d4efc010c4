import { describe, expect, it } from '@jest/globals';
import type { Problem } from '@penguinmails/http/problem';
import { isLine } from '../request/line-text.js';
import { isTime, parseTime } from '../request/time-text.js';
import { isContentId, isContentType, isFilename } from './attachment-rules.js';
import { decodedLength, isBase64 } from './base64.js';
import { parseRange } from './byte-range.js';
import { checkMessage, checkSchedule, type MessageParts } from './check-message.js';
import { checkHeaders } from './message-headers.js';

const MIB = 1024 * 1024;
const problemOf = (act: () => void): Problem => {
  try {
    act();
  } catch (error) {
    return error as Problem;
  }
  throw new Error('nothing was refused');
};
const refusal = (message: MessageParts) => {
  const { status, code, errors } = problemOf(() => checkMessage(message));
  return [status, code, ...(errors ?? []).map(({ pointer, code: rule }) => `${pointer} ${rule}`)];
};
/** base64 of that many zero bytes. */
const file = (bytes: number) => ({ content: Buffer.alloc(bytes).toString('base64') });

describe('checkMessage', () => {
  it('takes a message with either body, or both', () => {
    checkMessage({ text: 'a' });
    checkMessage({ html: 'a' });
    checkMessage({ text: 'a\r\n\tb 👋', html: null, headers: {}, attachments: [file(10)] });
  });

  it('wants a body', () => {
    expect(refusal({})).toEqual([422, 'validation_failed', '/text body_missing']);
    expect(refusal({ text: '', html: null })).toEqual([
      422,
      'validation_failed',
      '/text body_missing',
    ]);
  });

  it('takes 5 MiB in each body, in bytes and not in characters', () => {
    checkMessage({ text: 'a'.repeat(5 * MIB), html: 'a'.repeat(5 * MIB) });
    expect(refusal({ text: 'a'.repeat(5 * MIB + 1) })).toEqual([
      413,
      'body_too_large',
      '/text too_long',
    ]);
    expect(refusal({ text: 'a', html: 'é'.repeat(3 * MIB) })).toEqual([
      413,
      'body_too_large',
      '/html too_long',
    ]);
  });

  it('takes 25 MiB in all', () => {
    const small = { text: 'a', headers: null };
    checkMessage({ ...small, attachments: [file(20 * MIB), file(5 * MIB - 3)] });
    expect(refusal({ ...small, attachments: [file(20 * MIB), file(5 * MIB)] })).toEqual([
      413,
      'body_too_large',
    ]);
  });

  it('refuses what UTF-8 and PostgreSQL cannot carry', () => {
    expect(refusal({ text: 'a\0b', html: '\ud800' })).toEqual([
      422,
      'validation_failed',
      '/text invalid_text',
      '/html invalid_text',
    ]);
  });
});

describe('checkSchedule', () => {
  const now = Date.parse('2026-06-01T12:00:00Z');
  it('wants a time ahead, by a year at most', () => {
    checkSchedule({}, now);
    checkSchedule({ scheduled_at: null }, now);
    checkSchedule({ scheduled_at: '2026-06-01T12:00:00.001Z' }, now);
    checkSchedule({ scheduled_at: '2027-06-01T12:00:00Z' }, now);
    const codeOf = (scheduled_at: string) =>
      problemOf(() => checkSchedule({ scheduled_at }, now)).errors?.[0].code;
    expect(codeOf('2026-06-01T12:00:00Z')).toBe('in_the_past');
    expect(codeOf('2027-06-01T12:00:00.001Z')).toBe('too_far_ahead');
  });
});

describe('checkHeaders', () => {
  const rules = (headers: Record<string, unknown>) =>
    checkHeaders(headers).map(({ pointer, code }) => `${pointer} ${code}`);

  it('takes X-*, In-Reply-To and References, in any case', () => {
    expect(
      rules({ 'X-Order': '4711', 'x-a': 'é', 'in-reply-to': '<a@b>', References: '' }),
    ).toEqual([]);
    expect(rules({ References: '<a@b> '.repeat(1_000) })).toEqual([]);
  });

  it.each([
    ['Bcc', '/headers/Bcc'],
    ['To', '/headers/To'],
    ['From', '/headers/From'],
    ['Sender', '/headers/Sender'],
    ['Return-Path', '/headers/Return-Path'],
    ['Content-Type', '/headers/Content-Type'],
    ['DKIM-Signature', '/headers/DKIM-Signature'],
    ['X-', '/headers/X-'],
    ['X-A:b', '/headers/X-A:b'],
    ['X-A\r\nBcc', '/headers/X-A\r\nBcc'],
    ['X-Ä', '/headers/X-Ä'],
    ['X /~', '/headers/X ~1~0'],
    [`X-${'a'.repeat(99)}`, `/headers/X-${'a'.repeat(98)}`],
  ])('refuses the name %j', (name, pointer) => {
    expect(rules({ [name]: 'x' })).toEqual([`${pointer} header_not_allowed`]);
  });

  it.each([
    ['CR LF', 'a\r\nBcc: eve@evil.example'],
    ['CR', 'a\r'],
    ['LF', 'a\n'],
    ['NUL', '\0'],
    ['half a surrogate pair', '\udc00'],
    ['too much', 'a'.repeat(999)],
    ['a number', 1],
    ['an object', { a: 1 }],
    ['null', null],
  ])('refuses a value with %s', (_name, value) => {
    expect(rules({ 'X-A': value })).toEqual(['/headers/X-A invalid_header']);
  });

  it('refuses one name in two spellings, and more than 50', () => {
    expect(rules({ 'X-A': '1', 'x-a': '2' })).toEqual(['/headers repeated']);
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, at) => [`X-${at}`, 'x']));
    expect(rules(many)).toEqual(['/headers too_many']);
  });
});

describe('base64', () => {
  it.each(['', 'AA==', 'AAA=', 'AAAA', '+/+/', Buffer.alloc(1000, 7).toString('base64')])(
    'takes %j',
    (text) => {
      expect(isBase64(text)).toBe(true);
      expect(decodedLength(text)).toBe(Buffer.from(text, 'base64').length);
    },
  );

  it.each([
    'A',
    'AA',
    'AAA',
    'AB==',
    'AAB=',
    'A===',
    '====',
    'AA=A',
    'AAAA\n',
    'AA A',
    '-_-_',
    'AAAA====',
    'AAA\0',
    'AÄÄ=',
  ])('refuses %j', (text) => {
    expect(isBase64(text)).toBe(false);
  });

  it('refuses what is no text', () => {
    expect([null, 1, {}, undefined].some(isBase64)).toBe(false);
  });

  it('takes 40 MB, right or wrong', () => {
    const long = 'A'.repeat(40_000_000);
    expect([isBase64(long), isBase64(`${long}AA\n=`)]).toEqual([true, false]);
  });
});

describe('files', () => {
  it.each(['report.pdf', 'Überweisung 2026.csv', '请求.txt', '...', 'a"b.txt'])(
    'takes the name %j',
    (name) => expect(isFilename(name)).toBe(true),
  );
  it.each([
    '',
    '.',
    '..',
    '../../etc/passwd',
    'a/b',
    'a\\b',
    'a\nb',
    'a\0',
    'a\u202efdp.exe',
    '\ud800',
    'a'.repeat(256),
    7,
  ])('refuses the name %j', (name) => expect(isFilename(name)).toBe(false));

  it('knows types and content ids', () => {
    expect(['text/plain', 'text/plain; charset=utf-8', 'image/svg+xml'].every(isContentType)).toBe(
      true,
    );
    expect(['text', 'text/', 'a/b\r\nX: y', 'a/b;', 'a/b; c="d"', ''].some(isContentType)).toBe(
      false,
    );
    expect(['logo', 'logo@example.com'].every(isContentId)).toBe(true);
    expect(['<logo>', 'a b', 'a\r\nb', ''].some(isContentId)).toBe(false);
  });
});

describe('parseRange', () => {
  it.each([
    [undefined, 'whole'],
    ['bytes=0-9', { first: 0, last: 9 }],
    ['bytes=10-', { first: 10, last: 99 }],
    ['bytes=90-1000', { first: 90, last: 99 }],
    ['bytes=-10', { first: 90, last: 99 }],
    ['bytes=-1000', { first: 0, last: 99 }],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=200-100', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=9-0', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=0-1,5-6', 'whole'],
    ['items=0-1', 'whole'],
    [`bytes=${'9'.repeat(20)}-`, 'whole'],
  ])('%j of 100 bytes', (header, range) => {
    expect(parseRange(header, 100)).toEqual(range);
  });

  it('finds no part in an empty file', () => {
    expect([parseRange('bytes=0-', 0), parseRange('bytes=-5', 0)]).toEqual([
      'unsatisfiable',
      'unsatisfiable',
    ]);
  });
});

describe('times and lines', () => {
  it.each([
    ['2026-02-28T23:59:59Z', '2026-02-28T23:59:59.000Z'],
    ['2028-02-29t00:00:00z', '2028-02-29T00:00:00.000Z'],
    ['2026-01-01T00:00:00.123456789+02:00', '2025-12-31T22:00:00.123Z'],
  ])('reads %s', (text, iso) => expect(parseTime(text)?.toISOString()).toBe(iso));

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:01Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-W01-1T00:00:00Z',
    '2026-01-01 00:00:00Z',
    'tomorrow',
    '',
    `2026-01-01T00:00:00.${'0'.repeat(1000)}Z`,
    1_767_225_600_000,
    null,
  ])('refuses %j', (text) => expect(isTime(text)).toBe(false));

  it('knows one line of text', () => {
    expect([isLine('a 👋\u2028', 1, 9), isLine('', 0, 9)]).toEqual([true, true]);
    for (const text of ['', 'a\rb', 'a\nb', 'a\0', 'a\tb', '\ud800', 'a'.repeat(10), 7])
      expect(isLine(text, 1, 9)).toBe(false);
  });
});
