const MAX_FILENAME = 255;
const MAX_CONTENT_TYPE = 100;
const MAX_CONTENT_ID = 255;

// Control characters, path separators, and the marks that make "exe.pdf" read "fdp.exe".
const UNSAFE_IN_FILENAME = /[\p{Cc}\p{Surrogate}/\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;
// RFC 6838 names, then parameters whose values are tokens (RFC 2045).
const CONTENT_TYPE = /^[a-z0-9][\w.+-]*\/[a-z0-9][\w.+-]*(?:; ?[\w-]+=[\w.+-]+)*$/i;
// The left and right side of a msg-id (RFC 5322) without its angle brackets.
const CONTENT_ID = /^[\w!#$%&'*+/=?^`{|}~.@-]+$/;

/** A name without a path that reads as it is written. */
export function isFilename(value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_FILENAME) return false;
  return !UNSAFE_IN_FILENAME.test(value) && value !== '.' && value !== '..';
}

export function isContentType(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_CONTENT_TYPE && CONTENT_TYPE.test(value);
}

export function isContentId(value: unknown): boolean {
  return typeof value === 'string' && value.length <= MAX_CONTENT_ID && CONTENT_ID.test(value);
}
