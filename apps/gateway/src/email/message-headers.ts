import type { ProblemItem } from '@penguinmails/http/problem';
import { isLine } from '../request/line-text.js';
import { MAX_HEADERS } from './message-limits.js';

const MAX_NAME = 100;
/** References lists the whole thread; everything else fits on one line (RFC 5322 2.1.1). */
const MAX_VALUE = 998;
const MAX_REFERENCES = 8192;

// RFC 5322 ftext after the prefix.
const EXTENSION = /^x-[!-9;-~]+$/i;
const THREAD = new Set(['in-reply-to', 'references']);

/**
 * What is wrong with the headers a message wants: only X-*, In-Reply-To and References may be set,
 * each once, on one line. Everything else (recipients, sender, routing) is not the caller's to write.
 */
export function checkHeaders(headers: Readonly<Record<string, unknown>>): ProblemItem[] {
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) return [tooMany];
  const spelled = new Set(entries.map(([name]) => name.toLowerCase()));
  const errors = entries.flatMap(([name, value]) => checkHeader(name, value));
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
  if (!isAllowedName(name)) return [notAllowed(name)];
  const max = name.toLowerCase() === 'references' ? MAX_REFERENCES : MAX_VALUE;
  if (isLine(value, 0, max)) return [];
  const detail = `must be one line of at most ${max} characters`;
  return [{ pointer: pointerTo(name), code: 'invalid_header', detail }];
}

function isAllowedName(name: string): boolean {
  if (name.length > MAX_NAME) return false;
  return THREAD.has(name.toLowerCase()) || EXTENSION.test(name);
}

function notAllowed(name: string): ProblemItem {
  const detail = 'only X-*, In-Reply-To and References may be set';
  return { pointer: pointerTo(name), code: 'header_not_allowed', detail };
}

/** RFC 6901; a name that is no header's may be of any length, its pointer is not. */
function pointerTo(name: string): string {
  const step = name.slice(0, MAX_NAME).replaceAll('~', '~0').replaceAll('/', '~1');
  return `/headers/${step}`;
}
