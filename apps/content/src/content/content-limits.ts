import type { ProblemItem } from '@penguinmails/http/problem';
import { isWellFormed } from './unicode.js';

const MIB = 1024 * 1024;

/** Both bodies, headers and all files, decoded (rest.md: 25 MB, 25 files, 5 MB a body). */
export const MAX_TOTAL_BYTES = 25 * MIB;
export const MAX_BODY_BYTES = 5 * MIB;
export const MAX_ATTACHMENTS = 25;

/**
 * The largest request that can hold a legal content: base64 adds a third to the files, and JSON
 * escapes may grow the bodies.
 */
export const REQUEST_LIMIT_BYTES = 48 * MIB;

/** Text that PostgreSQL and SMTP can carry unchanged: valid Unicode, no NUL, not too long. */
export function checkText(text: string | null, pointer: string): ProblemItem[] {
  if (text === null) return [];
  if (Buffer.byteLength(text) > MAX_BODY_BYTES)
    return [{ pointer, code: 'too_long', detail: `must be at most ${MAX_BODY_BYTES} bytes` }];
  if (text.includes('\0') || !isWellFormed(text))
    return [{ pointer, code: 'invalid_text', detail: 'must be valid Unicode without NUL' }];
  return [];
}
