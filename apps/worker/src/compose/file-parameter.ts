import { oneLine } from './header-text.js';

/** Longer values are written in parts, so that every line stays below 78 columns. */
const PART = 55;
/** RFC 2231 attribute-char. */
const LITERAL = /[A-Za-z0-9!#$&+.^_`|~-]/;
const QUOTABLE = /^[ -~]*$/;
/** What servers on the way and lenient readers would change: runs of blanks, and encoded words. */
const MISREAD = / {2}|=\?/;

/**
 * The `filename` parameter on lines of its own: a quoted string where the name is short ASCII, else
 * RFC 2231 in UTF-8, in parts where it is long.
 * @throws ComposeError
 */
export function filenameParameter(filename: string): string {
  const name = oneLine(filename);
  if (name.length <= PART && QUOTABLE.test(name) && !MISREAD.test(name))
    return `;\r\n filename="${name.replace(/["\\]/g, '\\$&')}"`;
  const parts = partsOf(name);
  if (parts.length === 1) return `;\r\n filename*=utf-8''${parts[0]}`;
  return parts.map((part, n) => `;\r\n filename*${n}*=${n === 0 ? "utf-8''" : ''}${part}`).join('');
}

/** No escape and no character is cut in two. */
function partsOf(name: string): string[] {
  const parts: string[] = [];
  let part = '';
  for (const character of name) {
    const encoded = LITERAL.test(character) ? character : escaped(character);
    if (part.length + encoded.length > PART) {
      parts.push(part);
      part = '';
    }
    part += encoded;
  }
  return [...parts, part];
}

function escaped(character: string): string {
  const hex = Buffer.from(character, 'utf8').toString('hex').toUpperCase();
  return hex.replace(/../g, '%$&');
}
