import type { ProblemItem } from '@penguinmails/http/problem';
import { isWellFormed } from './unicode.js';
import type { MessageHeaders } from './content-hash.js';

const MAX_HEADERS = 50;
const MAX_NAME = 100;
const MAX_VALUE = 8192;
// RFC 5322 ftext
const NAME = /^[!-9;-~]+$/;
const BREAKS_LINE = /[\r\n\0]/;

/** What is wrong with the headers of a message: number, names, values, one name in two spellings. */
export function checkHeaders(headers: MessageHeaders): ProblemItem[] {
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) return [tooMany];
  const errors = entries.flatMap(([name, value]) => checkHeader(name, value));
  const spelled = new Set(entries.map(([name]) => name.toLowerCase()));
  return spelled.size === entries.length ? errors : [...errors, repeated];
}

const tooMany: ProblemItem = {
  pointer: '/headers',
  code: 'too_many',
  detail: `must hold at most ${MAX_HEADERS} headers`,
};

const repeated: ProblemItem = {
  pointer: '/headers',
  code: 'repeated',
  detail: 'must not hold one name in two spellings',
};

function checkHeader(name: string, value: unknown): ProblemItem[] {
  const pointer = `/headers/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  if (name.length > MAX_NAME || !NAME.test(name))
    return [{ pointer: '/headers', code: 'invalid_header', detail: 'must hold header names only' }];
  if (!isHeaderValue(value))
    return [{ pointer, code: 'invalid_header', detail: 'must be one line of text' }];
  return [];
}

function isHeaderValue(value: unknown): boolean {
  if (typeof value !== 'string' || value.length > MAX_VALUE) return false;
  return isWellFormed(value) && !BREAKS_LINE.test(value);
}
