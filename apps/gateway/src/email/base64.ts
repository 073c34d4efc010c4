const FOREIGN = /[^A-Za-z0-9+/]/;

/**
 * Strict base64 (RFC 4648 section 4): standard alphabet, full padding, no white space, unused bits
 * zero. Node's decoder silently skips what it does not know, which would send other bytes.
 */
export function isBase64(text: unknown): text is string {
  if (typeof text !== 'string' || text.length % 4 !== 0) return false;
  const padding = paddingOf(text);
  // Searching for what is foreign runs once over the text; matching all of it could backtrack.
  if (FOREIGN.test(text.slice(0, text.length - padding))) return false;
  const lastGroup = text.slice(-4);
  return Buffer.from(lastGroup, 'base64').toString('base64') === lastGroup;
}

/** Bytes that such a text stands for, without decoding it. */
export function decodedLength(base64: string): number {
  return (base64.length / 4) * 3 - paddingOf(base64);
}

function paddingOf(text: string): number {
  if (text.endsWith('==')) return 2;
  return text.endsWith('=') ? 1 : 0;
}
