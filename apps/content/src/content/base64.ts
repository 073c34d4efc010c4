const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;

/** Bytes that a base64 text of correct length stands for, without decoding it. */
export function decodedLength(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

/**
 * Strict base64 (RFC 4648 section 4): standard alphabet, full padding, no white space, unused bits
 * zero. Node's decoder silently skips what it does not know, which would store other bytes.
 * @returns the bytes, or undefined when the text is not such base64
 */
export function decodeBase64(base64: string): Buffer | undefined {
  if (base64.length % 4 !== 0 || !ALPHABET.test(base64)) return undefined;
  const lastGroup = base64.slice(-4);
  if (Buffer.from(lastGroup, 'base64').toString('base64') !== lastGroup) return undefined;
  return Buffer.from(base64, 'base64');
}
