import { type Reply, SmtpFailure } from './smtp-failure.js';

/** RFC 5321 asks for 512 bytes a line; servers explain themselves at more length than that. */
const LINE_MAX = 8 * 1024;
const REPLY_MAX = 64 * 1024;
const LINE = /^([2-5]\d\d)(?:([ -])|$)/;

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
    const [, digits, mark] = LINE.exec(line) ?? [];
    const code = Number(digits);
    const mixed = this.lines !== '' && code !== this.code;
    if (!digits || mixed || line.length > LINE_MAX || this.lines.length > REPLY_MAX)
      throw new SmtpFailure('smtp_protocol_error');
    const lines = this.lines === '' ? line : `${this.lines}\n${line}`;
    this.code = code;
    this.lines = mark === '-' ? lines : '';
    if (mark !== '-') this.onReply({ code, text: readable(lines) });
  }
}

/** Some servers speak UTF-8; what is not is shown byte by byte. */
function readable(lines: string): string {
  return /^\p{ASCII}*$/u.test(lines) ? lines : Buffer.from(lines, 'latin1').toString('utf8');
}
