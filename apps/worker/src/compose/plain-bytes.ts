export const [LF, CR, SPACE, DOT, F, R, EQUALS] = [10, 13, 32, 46, 70, 114, 61];

const HEX = Buffer.from('0123456789ABCDEF');
const isPlain = (byte: number) => byte >= SPACE && byte < 127 && byte !== EQUALS;

/** A byte as `=XX` of quoted-printable, its first character lowest. */
export function escapeOf(byte: number): number {
  return EQUALS | (HEX[byte >> 4] << 8) | (HEX[byte & 15] << 16);
}

/** {@link escapeOf} for bytes that are never written as they are; 0 for the others and for line ends. */
export const ESCAPES = Int32Array.from({ length: 256 }, (_, byte) =>
  isPlain(byte) || byte === LF || byte === CR ? 0 : escapeOf(byte),
);

const HIGH_BITS = 0x80808080;
const [SPACES, EQUALS_SIGNS] = [0x20202020, 0x3d3d3d3d];

/**
 * The highest bit of each of four bytes that is a blank. Four bytes in one number, the first lowest; from
 * the first byte above 127 on it may be wrong.
 */
export function blanksOf(word: number): number {
  return zerosOf(word ^ SPACES);
}

/** The highest bit of each of four bytes that is not plain; behind the first such one it may be wrong. */
export function oddBytesOf(word: number): number {
  const controls = ~(word + 0x60606060) | (word + 0x01010101);
  return ((word | controls) & HIGH_BITS) | zerosOf(word ^ EQUALS_SIGNS);
}

function zerosOf(word: number): number {
  return ~(word + 0x7f7f7f7f) & HIGH_BITS;
}
