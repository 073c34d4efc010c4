import { ComposeError } from './composed-message.js';

/** RFC 5322 section 2.1.1. */
const LINE_SHOULD = 78;
/** RFC 5322's 998 less the blank of a folded line. */
const LINE_MUST = 997;
/** RFC 2047 section 2: lines with encoded words have 76 columns at most. */
const WORD_LINE = 76;
const WORD_FRAME = '=?utf-8?B??='.length;
/** 60 characters of base64: the word and the blank before it stay below 76. */
const WORD_BYTES = 45;

const BREAKS_HEADER = /[\r\n\0]/;
const PRINTABLE = /^[\t -~]*$/;
const TOKENS = /[ \t]*[^ \t]+/g;
const ATOMS = /^[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*$/;
/** A longer phrase is written in encoded words, which fold. */
const PHRASE_MAX = 60;

/** @throws ComposeError the text could end its header field */
export function oneLine(text: string): string {
  if (BREAKS_HEADER.test(text)) throw new ComposeError('a header value holds CR, LF or NUL');
  return text;
}

/**
 * The value of an unstructured field: folded at its own blanks where it is ASCII, else in encoded words
 * (RFC 2047); so is text that looks like one, or has no blank to fold at.
 * @throws ComposeError
 */
export function unstructured(name: string, text: string): string {
  const value = trimBlanks(oneLine(text));
  if (!PRINTABLE.test(value) || value.includes('=?')) return encodedWords(name, value);
  if (name.length + 2 + value.length <= LINE_SHOULD) return value;
  const tokens = value.match(TOKENS) ?? [];
  const foldable = tokens.every(({ length }) => length + name.length + 2 <= LINE_MUST);
  return foldable ? fold(name, tokens) : encodedWords(name, value);
}

/** A display name and its address (RFC 5322 section 3.4). @throws ComposeError */
export function nameAndAddress(field: string, name: string | null, address: string): string {
  const display = trimBlanks(oneLine(name ?? ''));
  if (display === '') return address;
  const phrase = phraseOf(field, display);
  const line = `${field}: ${phrase} <${address}>`;
  const folds = line.length - line.lastIndexOf('\n') > LINE_SHOULD;
  return `${phrase}${folds ? '\r\n ' : ' '}<${address}>`;
}

function phraseOf(field: string, name: string): string {
  const plain = name.length <= PHRASE_MAX && /^[ -~]*$/.test(name) && !name.includes('=?');
  if (!plain) return encodedWords(field, name);
  return ATOMS.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** Greedy: a line takes what fits into 78 columns, and at least one token. */
function fold(name: string, tokens: readonly string[]): string {
  let column = name.length + 2;
  let value = '';
  for (const token of tokens) {
    const starts = value !== '' && column + token.length > LINE_SHOULD;
    value += starts ? `\r\n${token}` : token;
    column = (starts ? 0 : column) + token.length;
  }
  return value;
}

/** UTF-8 in base64, no character cut in two. The first word shares its line with the field's name. */
function encodedWords(name: string, text: string): string {
  const room = WORD_LINE - WORD_FRAME - name.length - 2;
  const bytes = Buffer.from(text, 'utf8');
  const first = wordEnd(bytes, 0, Math.min(WORD_BYTES, Math.floor(room / 4) * 3));
  let words = encodedWord(bytes, 0, first);
  for (let start = first; start < bytes.length;) {
    const end = wordEnd(bytes, start, WORD_BYTES);
    words += `\r\n ${encodedWord(bytes, start, end)}`;
    start = end;
  }
  return words;
}

/** There is no empty one: the field's value then begins with a fold. */
function encodedWord(bytes: Buffer, start: number, end: number): string {
  return start === end ? '' : `=?utf-8?B?${bytes.toString('base64', start, end)}?=`;
}

/** Where a word of `limit` bytes at most ends: before the first byte of a character. */
function wordEnd(bytes: Buffer, start: number, limit: number): number {
  let end = Math.min(start + Math.max(limit, 0), bytes.length);
  while (end > start && end < bytes.length && (bytes[end] & 0b1100_0000) === 0b1000_0000) end -= 1;
  return end;
}

/** A pattern for blanks at the end would cost the square of their number. */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
