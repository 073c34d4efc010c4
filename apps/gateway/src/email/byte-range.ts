/** First and last byte of a part, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

const ONE_RANGE = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * The part of a file that a Range header asks for (RFC 9110 section 14). `whole` for everything that
 * may be answered with the whole file: no header, other units, several ranges, nonsense.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | 'whole' | 'unsatisfiable' {
  const match = ONE_RANGE.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return 'whole';
  const [first, last] = [match[1], match[2]].map((digits) =>
    digits === '' ? null : Number(digits),
  );
  return first === null ? lastBytes(last ?? 0, size) : between(first, last ?? size - 1, size);
}

function lastBytes(count: number, size: number): ByteRange | 'unsatisfiable' {
  if (count === 0 || size === 0) return 'unsatisfiable';
  return { first: Math.max(0, size - count), last: size - 1 };
}

function between(first: number, last: number, size: number): ByteRange | 'whole' | 'unsatisfiable' {
  if (last < first && first < size) return 'whole';
  return first >= size ? 'unsatisfiable' : { first, last: Math.min(last, size - 1) };
}
