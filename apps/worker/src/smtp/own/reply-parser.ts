import { type Reply, SmtpFailure } from './smtp-failure.js';
import { isAscii, utf8Of } from './wire-text.js';

/** RFC 5321 asks for 512 bytes a line; servers explain themselves at more length than that. */
const LINE_MAX = 8 * 1024;
const REPLY_MAX = 64 * 1024;
const [BLANK, HYPHEN] = [32, 45];

/** Reads replies (RFC 5321 section 4.2) from bytes as they come, one at a time or many at once. */
export class ReplyParser {
  private partial = '';
  private lines = '';
  private code = 0;

  constructor(private readonly onReply: (reply: Reply) => void) {}

  /** Bytes came that are not yet a whole reply. */
  get pending(): boolean {
    return this.partial !== '' || this.lines !== '';
  }

  /**
   * @param bytes latin1 text
   * @throws SmtpFailure `smtp_protocol_error`: not a reply, or one without end
   */
  feed(bytes: string): void {
    const text = this.partial + bytes;
    let start = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.line(text.slice(start, text[end - 1] === '\r' ? end - 1 : end));
      start = end + 1;
    }
    this.partial = text.slice(start);
    if (this.partial.length > LINE_MAX) throw new SmtpFailure('smtp_protocol_error');
  }

  private line(line: string): void {
    const code = codeOf(line);
    const mixed = this.lines !== '' && code !== this.code;
    if (code === 0 || mixed || line.length > LINE_MAX || this.lines.length > REPLY_MAX)
      throw new SmtpFailure('smtp_protocol_error');
    const lines = this.lines === '' ? line : `${this.lines}\n${line}`;
    const last = line.charCodeAt(3) !== HYPHEN;
    this.code = code;
    this.lines = last ? '' : lines;
    // Some servers speak UTF-8; what is not is shown byte by byte.
    if (last) this.onReply({ code, text: isAscii(lines) ? lines : utf8Of(lines) });
  }
}

/** The code of a reply's line, 0 where it has none. No expression: four lines come for each message. */
function codeOf(line: string): number {
  const [first, second, third] = [digit(line, 0), digit(line, 1), digit(line, 2)];
  const known = first >= 2 && first <= 5 && second >= 0 && third >= 0;
  const mark = line.charCodeAt(3);
  const ended = line.length === 3 || mark === BLANK || mark === HYPHEN;
  return known && ended ? first * 100 + second * 10 + third : 0;
}

/** -1 where there is none. */
function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 48;
  return value >= 0 && value <= 9 ? value : -1;
}
