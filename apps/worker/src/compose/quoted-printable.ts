/** RFC 2045 section 6.7: 76 columns with the `=` of a soft break. */
const COLUMNS = 76;
/** Larger bodies get buffers of their own, which are not kept. */
const KEPT_BYTES = 1024 * 1024;
/** The worst byte is `=XX`, and each 75 columns need a soft break of three. */
const GROWTH = 3.2;

const [LF, CR, SPACE, DOT, F, R, EQUALS] = [10, 13, 32, 46, 70, 114, 61];
const HEX = Buffer.from('0123456789ABCDEF');
const table = (of: (byte: number) => number) =>
  Uint8Array.from({ length: 256 }, (_, byte) => of(byte));
const HIGH = table((byte) => HEX[byte >> 4]);
const LOW = table((byte) => HEX[byte & 15]);
/** Blanks and line ends depend on their place; so do `.` and `F`, at the start of a line only. */
const [BY_PLACE, PLAIN, ESCAPED] = [0, 1, 2];
const KINDS = table((byte) => {
  if (byte === SPACE || byte === LF || byte === CR) return BY_PLACE;
  return byte > SPACE && byte < 127 && byte !== EQUALS ? PLAIN : ESCAPED;
});

/** Text in quoted-printable, and what it took. */
export interface QuotedPrintable {
  readonly text: string;
  /** Bytes of the canonical text that were written as `=XX`. */
  readonly escaped: number;
  /** Nothing was escaped or broken: the text is 7bit with short lines as it is. */
  readonly unchanged: boolean;
}

/**
 * Encodes text (RFC 2045 section 6.7); CR, LF and CRLF are line ends. Beyond the standard, a `.` or
 * `From` at the start of a line and all but the last of several blanks are escaped, so that the result
 * needs no dot-stuffing, no mbox can change it, and it is its own relaxed canonical form. It never
 * holds `=_`. One pass over bytes: strings that grow by characters cost ten times that.
 */
export function quotedPrintable(text: string): QuotedPrintable {
  const writer = text.length * 3 > KEPT_BYTES ? new Writer(text.length * 3) : kept;
  return writer.encode(text);
}

class Writer {
  private readonly source: Buffer;
  private readonly out: Buffer;
  private length = 0;
  private at = 0;
  private column = 0;
  private escaped = 0;
  private broken = false;

  constructor(bytes: number) {
    this.source = Buffer.allocUnsafe(bytes);
    this.out = Buffer.allocUnsafe(Math.ceil(bytes * GROWTH) + COLUMNS);
  }

  encode(text: string): QuotedPrintable {
    this.length = this.source.write(text, 'utf8');
    this.at = this.column = this.escaped = 0;
    this.broken = false;
    this.run();
    const unchanged = this.escaped === 0 && !this.broken;
    return { text: this.out.toString('latin1', 0, this.at), escaped: this.escaped, unchanged };
  }

  private run(): void {
    const { source, length } = this;
    for (let i = this.middle(0); i < length; i = this.middle(i + 1)) {
      const byte = source[i];
      if (byte !== LF || i === 0 || source[i - 1] !== CR) this.place(i, byte);
    }
  }

  /**
   * The hot path: copies or escapes what stands in the middle of a line. @returns where it stopped:
   * at the ends of a line, and at blanks and line ends, which depend on their place
   */
  private middle(from: number): number {
    const { source, out, column } = this;
    if (column === 0) return from;
    const end = this.length - 1;
    let { at, escaped } = this;
    let i = from;
    // Where a soft break may be due; each escape brings it two bytes nearer.
    let room = i + COLUMNS - 3 - column;
    for (let until = Math.min(end, room); i < until; i += 1) {
      const byte = source[i];
      const kind = KINDS[byte];
      if (kind === PLAIN || (byte === SPACE && KINDS[source[i + 1]] === PLAIN)) {
        out[at++] = byte;
      } else if (kind === ESCAPED) {
        out[at] = EQUALS;
        out[at + 1] = HIGH[byte];
        out[at + 2] = LOW[byte];
        at += 3;
        escaped += 1;
        room -= 2;
        until = Math.min(end, room);
      } else break;
    }
    this.column = column + at - this.at;
    this.at = at;
    this.escaped = escaped;
    return i;
  }

  private place(i: number, byte: number): void {
    if (byte === LF || byte === CR) return this.endLine();
    const width = this.needsEscape(i, byte) ? 3 : 1;
    const room = COLUMNS - this.column - (this.endsLine(i + 1) ? 0 : 1);
    if (width > room) this.breakLine();
    if (width === 3 || this.needsEscape(i, byte)) this.escape(byte);
    else this.put(byte);
  }

  private needsEscape(i: number, byte: number): boolean {
    if (byte === SPACE) return this.column === 0 || this.isBlankEnd(i + 1);
    if (this.column === 0 && byte === DOT) return true;
    if (this.column === 0 && byte === F) return this.source[i + 1] === R;
    return KINDS[byte] === ESCAPED;
  }

  private isBlankEnd(next: number): boolean {
    return this.endsLine(next) || this.source[next] === SPACE;
  }

  private endsLine(next: number): boolean {
    return next >= this.length || this.source[next] === LF || this.source[next] === CR;
  }

  private put(byte: number): void {
    this.out[this.at] = byte;
    this.at += 1;
    this.column += 1;
  }

  private escape(byte: number): void {
    this.escaped += 1;
    this.put(EQUALS);
    this.put(HIGH[byte]);
    this.put(LOW[byte]);
  }

  private breakLine(): void {
    this.broken = true;
    this.put(EQUALS);
    this.endLine();
  }

  private endLine(): void {
    this.put(CR);
    this.put(LF);
    this.column = 0;
  }
}

const kept = new Writer(KEPT_BYTES);
