import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { decodeBase64, decodedLength } from './base64.js';
import { Problem } from '@penguinmails/http/problem';
import { downloadDisposition } from './content-disposition.js';
import { contentHash } from './content-hash.js';
import { MAX_BODY_BYTES, MAX_TOTAL_BYTES } from './content-limits.js';
import { type AttachmentInput, type ContentInput, readContent } from './new-content.js';

const file = (change: Partial<AttachmentInput> = {}): AttachmentInput => ({
  filename: 'a.txt',
  content_type: 'text/plain',
  content: Buffer.from('hello').toString('base64'),
  disposition: 'attachment',
  content_id: null,
  ...change,
});

const input = (change: Partial<ContentInput> = {}): ContentInput => ({
  text: 'hello',
  html: null,
  headers: {},
  attachments: [],
  ...change,
});

function problemOf(content: ContentInput): Problem | undefined {
  try {
    readContent(content);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  return undefined;
}

/** `pointer code` of each error */
function errorsOf(content: ContentInput): string[] {
  return (problemOf(content)?.errors ?? []).map(({ pointer, code }) => `${pointer} ${code}`);
}

describe('content hash', () => {
  it('is the SHA-256 of the JSON of text, html and sorted headers', () => {
    const json = JSON.stringify([
      'é',
      '',
      [
        ['A', '1'],
        ['b', '2'],
      ],
    ]);
    const expected = createHash('sha256').update(json, 'utf8').digest('hex');
    expect(contentHash({ text: 'é', html: '' }, { b: '2', A: '1' })).toBe(expected);
  });

  it.each([
    ['a missing part and an empty one', { text: null, html: 'x' }, { text: '', html: 'x' }],
    ['text and html exchanged', { text: 'a', html: 'b' }, { text: 'b', html: 'a' }],
    ['another split of the same letters', { text: 'ab', html: 'c' }, { text: 'a', html: 'bc' }],
  ])('tells %s apart', (_, one, other) => {
    expect(contentHash(one, {})).not.toBe(contentHash(other, {}));
  });

  it('does not depend on the order of headers, but on their values', () => {
    const body = { text: 't', html: null };
    expect(contentHash(body, { 'X-A': '1', 'X-B': '2' })).toBe(
      contentHash(body, { 'X-B': '2', 'X-A': '1' }),
    );
    expect(contentHash(body, { 'X-A': '1' })).not.toBe(contentHash(body, { 'X-A': '2' }));
  });
});

describe('base64', () => {
  it.each([0, 1, 2, 3, 4, 255, 4096])('gives back %d bytes', (size) => {
    const bytes = Buffer.alloc(size, 0xa5);
    expect(decodeBase64(bytes.toString('base64'))).toEqual(bytes);
    expect(decodedLength(bytes.toString('base64'))).toBe(size);
  });

  it.each([
    'A',
    'AA',
    'AAA',
    'AA=',
    '====',
    'AA=A',
    'AB==',
    'AAB=',
    'AA-_',
    'AA==\n',
    'AAAA AAAA',
    '!!!!',
  ])('refuses %j', (text) => expect(decodeBase64(text)).toBeUndefined());
});

describe('a new content', () => {
  it('comes back decoded, with nothing changed', () => {
    const content = input({
      text: 'día 🐧\r\n.\r\n',
      html: '',
      headers: { 'X-Ref': 'ü', References: '<a@b> <c@d>' },
      attachments: [
        file({ filename: 'Übersicht 1.pdf', content_type: 'application/pdf' }),
        file({ content: '' }),
      ],
    });
    const read = readContent(content);
    expect(read.body).toEqual({ text: content.text, html: '' });
    expect(read.headers).toEqual(content.headers);
    expect(read.files.map(({ bytes }) => bytes.toString())).toEqual(['hello', '']);
  });

  it.each<[string, Partial<ContentInput>, string]>([
    ['NUL in a text', { text: 'a\0b' }, '/text invalid_text'],
    ['half a surrogate pair', { html: 'a\ud83d' }, '/html invalid_text'],
    ['a body over 5 MB', { text: 'é'.repeat(MAX_BODY_BYTES / 2 + 1) }, '/text too_long'],
    ['26 files', { attachments: Array(26).fill(file()) }, '/attachments too_many'],
    [
      'a header with a line break',
      { headers: { 'X-A': 'a\r\nBcc: b@c' } },
      '/headers/X-A invalid_header',
    ],
    ['a header name with a colon', { headers: { 'X:A': 'a' } }, '/headers invalid_header'],
    ['one header in two spellings', { headers: { 'X-A': '1', 'x-a': '2' } }, '/headers repeated'],
    [
      '51 headers',
      { headers: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`X-${i}`, 'v'])) },
      '/headers too_many',
    ],
  ])('is refused with %s', (_, change, error) => {
    expect(errorsOf(input(change))).toEqual([error]);
  });

  it.each<[string, Partial<AttachmentInput>, string]>([
    ['bad base64', { content: 'a?==' }, 'content invalid_base64'],
    ['a path as its name', { filename: '../../etc/passwd' }, 'filename invalid_filename'],
    ['a backslash path', { filename: 'C:\\x.txt' }, 'filename invalid_filename'],
    ['a line break in its name', { filename: 'a\r\nb.txt' }, 'filename invalid_filename'],
    [
      'a mark that turns its name round',
      { filename: 'a\u202efdp.exe' },
      'filename invalid_filename',
    ],
    ['no name', { filename: '' }, 'filename invalid_filename'],
    ['a name of 256 letters', { filename: 'a'.repeat(256) }, 'filename invalid_filename'],
    [
      'a header in its type',
      { content_type: 'text/plain\r\nX: y' },
      'content_type invalid_content_type',
    ],
    ['no type', { content_type: 'plain' }, 'content_type invalid_content_type'],
    ['angle brackets in its id', { content_id: '<a@b>' }, 'content_id invalid_content_id'],
    [
      'a program in it that says it is a PDF',
      { filename: 'invoice.pdf', content: Buffer.from('MZ\x90\0\x03\0').toString('base64') },
      'content disguised_program',
    ],
    [
      'an ELF program that says it is a picture',
      { filename: 'cat.png', content: Buffer.from('7f454c460201', 'hex').toString('base64') },
      'content disguised_program',
    ],
  ])('is refused when a file has %s', (_, change, error) => {
    const content = input({ attachments: [file(), file(change)] });
    expect(errorsOf(content)).toEqual([`/attachments/1/${error}`]);
  });

  it.each<Partial<AttachmentInput>>([
    { filename: 'setup.exe', content: Buffer.from('MZ\x90\0').toString('base64') },
    { filename: 'mz.txt', content: Buffer.from('MZ is how this text begins').toString('base64') },
    { content_type: 'text/csv; charset=utf-8' },
    { content_id: 'logo.1@penguin', disposition: 'inline' },
  ])('may hold the file %j', (change) => {
    expect(errorsOf(input({ attachments: [file(change)] }))).toEqual([]);
  });

  it('names all that is wrong at once', () => {
    const wrong = input({ text: '\0', attachments: [file({ filename: '', content: '*' })] });
    expect(errorsOf(wrong)).toEqual([
      '/text invalid_text',
      '/attachments/0/filename invalid_filename',
      '/attachments/0/content invalid_base64',
    ]);
  });

  it('is too large over 25 MB of decoded bytes, and fits exactly at them', () => {
    const half = Buffer.alloc(MAX_TOTAL_BYTES / 2).toString('base64');
    const fitting = file({ content: Buffer.alloc(MAX_TOTAL_BYTES / 2 - 7).toString('base64') });
    const both = (second: AttachmentInput) =>
      input({ attachments: [file({ content: half }), second] });
    expect(readContent(both(fitting)).files).toHaveLength(2);
    expect(problemOf(both(file({ content: half })))).toMatchObject({ status: 413 });
  });
});

describe('content disposition', () => {
  it.each([
    ['report.pdf', `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`],
    ['a "b".txt', `attachment; filename="a _b_.txt"; filename*=UTF-8''a%20%22b%22.txt`],
    [
      "Übung (1)*'.pdf",
      `attachment; filename="_bung (1)*'.pdf"; filename*=UTF-8''%C3%9Cbung%20%281%29%2A%27.pdf`,
    ],
    ['50%.txt', `attachment; filename="50_.txt"; filename*=UTF-8''50%25.txt`],
  ])('of %s', (name, header) => expect(downloadDisposition(name)).toBe(header));
});
