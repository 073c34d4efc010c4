import {
  blanksOf,
  CR,
  DOT,
  EQUALS,
  ESCAPES,
  escapeOf,
  F,
  LF,
  oddBytesOf,
  R,
  SPACE,
} from './plain-bytes.js';

/** RFC 2045 section 6.7: 76 columns with the `=` of a soft break. */
const COLUMNS = 76;
/** Larger bodies get buffers of their own, which are not kept. */
const KEPT_BYTES = 1024 * 1024;
/** The worst byte is `=XX`, and each 75 columns need a soft break of three. */
const GROWTH = 3.2;
/** Room behind the text for a look at four bytes at once. */
const AHEAD = 4;

const [ESCAPED_SPACE, ESCAPED_DOT, ESCAPED_F] = [SPACE, DOT, F].map(escapeOf);

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
 * `From` at the start of a line is escaped, and so is a blank there, at an end or behind another one, so
 * that the result needs no dot-stuffing, no mbox can change it, and it is its own relaxed canonical form.
 * It never holds `=_`. One pass, four bytes at a time: strings that grow by characters cost 20 times that.
 */
export function quotedPrintable(text: string): QuotedPrintable {
  const writer = text.length * 3 > KEPT_BYTES ? new Writer(text.length * 3) : kept;
  return writer.encode(text);
}

class Writer {
  private readonly source: Buffer;
  private readonly out: Buffer;
  private readonly reads: DataView;
  private readonly writes: DataView;
  private length = 0;
  private at = 0;
  /** Where the line began that is being written. */
  private start = 0;
  private escaped = 0;
  private broken = false;

  constructor(bytes: number) {
    this.source = Buffer.allocUnsafe(bytes + AHEAD);
    this.out = Buffer.allocUnsafe(Math.ceil(bytes * GROWTH) + COLUMNS);
    this.reads = viewOf(this.source);
    this.writes = viewOf(this.out);
  }

  encode(text: string): QuotedPrintable {
    this.length = this.source.write(text, 'utf8');
    this.source.fill(LF, this.length, this.length + AHEAD);
    this.at = this.start = this.escaped = 0;
    this.broken = false;
    this.run();
    const unchanged = this.escaped === 0 && !this.broken;
    return { text: this.out.toString('latin1', 0, this.at), escaped: this.escaped, unchanged };
  }

  private run(): void {
    const { source, length } = this;
    for (let i = 0; i < length; i = this.place(i)) {
      const byte = source[i];
      if (this.at > this.start || (byte !== DOT && byte !== F)) i = this.middle(i);
      if (i >= length) break;
    }
    this.escapeLastBlank();
  }

  /**
   * The hot path: copies four bytes at a time, and escapes. @returns where it stopped: in front of the
   * last column of a line, and at line ends and runs of blanks, which depend on their place
   */
  private middle(from: number): number {
    const { source, reads, writes, start } = this;
    const end = start + COLUMNS - 1;
    let { at, escaped } = this;
    let i = from;
    // The highest bit of a byte is set where a blank stands in front of the next four.
    let blank = this.followsBlank ? 0x80 : 0;
    for (;;) {
      const word = reads.getInt32(i, true);
      const blanks = blanksOf(word);
      const stops = oddBytesOf(word) | (blanks & ((blanks << 8) | blank));
      writes.setInt32(at, word, true);
      const good = stops === 0 ? 4 : (31 - Math.clz32(stops & -stops)) >> 3;
      if (good === 4 && at <= end - 4) {
        at += 4;
        i += 4;
        blank = blanks >>> 24;
        continue;
      }
      const taken = Math.max(0, Math.min(good, end - at));
      at += taken;
      i += taken;
      const escape = ESCAPES[source[i]];
      if (escape === 0 || at > end - 3) break;
      writes.setInt32(at, escape, true);
      at += 3;
      i += 1;
      escaped += 1;
      blank = 0;
    }
    this.at = at;
    this.escaped = escaped;
    return i;
  }

  /** Writes one byte or line end, or breaks the line in front of it. @returns where to go on */
  private place(i: number): number {
    const byte = this.source[i];
    if (byte === LF || byte === CR) return this.passLineEnd(i, byte);
    const escape = this.escapeAt(i, byte);
    const width = escape === 0 ? 1 : 3;
    if (this.at + width > this.start + COLUMNS - (this.endsLine(i + 1) ? 0 : 1)) {
      this.breakLine();
      return i;
    }
    if (escape === 0) this.put(byte);
    else this.escape(escape);
    return i + 1;
  }

  private escapeAt(i: number, byte: number): number {
    if (byte === SPACE) return this.followsBlank ? ESCAPED_SPACE : 0;
    const begins = this.at === this.start;
    if (begins && byte === DOT) return ESCAPED_DOT;
    if (begins && byte === F && this.source[i + 1] === R) return ESCAPED_F;
    return ESCAPES[byte];
  }

  /** A blank here would be the second of two, or the first of its line. */
  private get followsBlank(): boolean {
    return this.at === this.start || this.out[this.at - 1] === SPACE;
  }

  private endsLine(next: number): boolean {
    return this.source[next] === LF || this.source[next] === CR;
  }

  private put(byte: number): void {
    this.out[this.at] = byte;
    this.at += 1;
  }

  private escape(escape: number): void {
    this.writes.setInt32(this.at, escape, true);
    this.at += 3;
    this.escaped += 1;
  }

  private escapeLastBlank(): void {
    if (this.at === this.start || this.out[this.at - 1] !== SPACE) return;
    this.at -= 1;
    if (this.at + 3 > this.start + COLUMNS) this.breakLine();
    this.escape(ESCAPED_SPACE);
  }

  private breakLine(): void {
    this.broken = true;
    this.put(EQUALS);
    this.endLine();
  }

  private endLine(): void {
    this.put(CR);
    this.put(LF);
    this.start = this.at;
  }

  private passLineEnd(i: number, byte: number): number {
    this.escapeLastBlank();
    this.endLine();
    const pair = byte === CR && this.source[i + 1] === LF;
    return i + (pair ? 2 : 1);
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}

const kept = new Writer(KEPT_BYTES);
