/**
 * The value of a field as relaxed canonicalisation has it (RFC 6376 section 3.4.2): unfolded, each run of
 * blanks one space, none at the ends.
 */
export function relaxedValue(value: string): string {
  const even = /^[!-~]+(?: [!-~]+)*$/.test(value);
  return even
    ? value
    : value
        .replaceAll('\r\n', '')
        .replace(/[ \t]+/g, ' ')
        .replace(/^ | $/g, '');
}

/**
 * A body as relaxed canonicalisation has it (RFC 6376 section 3.4.4).
 * @param relaxed its lines are known to be canonical; only empty lines at the end are looked for
 */
export function relaxedBody(body: string, relaxed: boolean): string {
  const lines = relaxed ? body : body.replace(/[ \t]+/g, ' ').replaceAll(' \r\n', '\r\n');
  let end = lines.length;
  while (end >= 4 && lines.startsWith('\r\n\r\n', end - 4)) end -= 2;
  const trimmed = lines.slice(0, end);
  return trimmed === '\r\n' ? '' : trimmed;
}
