/** One field of a message's header. */
export interface HeaderField {
  readonly name: string;
  /** As it goes over the wire: encoded, folded, without the line end behind it. */
  readonly value: string;
}

/** A message in the two parts that a signature treats apart. Latin1 text: one character is one byte. */
export interface ComposedMessage {
  readonly fields: readonly HeaderField[];
  /** CRLF line ends only; ends with one. */
  readonly body: string;
  /**
   * No line begins with a dot, or holds white space that relaxed canonicalisation would change
   * (RFC 6376 section 3.4.4).
   */
  readonly relaxed: boolean;
}

/** What a message is made of cannot be written without harm, or not at all; nothing was sent. */
export class ComposeError extends Error {
  override readonly name = 'ComposeError';
}

/** The message as it goes over the wire, further fields on top. */
export function messageText({ fields, body }: ComposedMessage, onTop = ''): string {
  let text = onTop;
  for (const { name, value } of fields) text += `${name}: ${value}\r\n`;
  return `${text}\r\n${body}`;
}
