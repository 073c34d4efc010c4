import { type ComposedMessage, ComposeError, type HeaderField } from './composed-message.js';

const FIELD = /^([!-9;-~]+):[ \t]*([^]*)$/;

/**
 * Takes a finished message apart, for its signature. Bare line ends are mended first: they would be on
 * the wire, and the signature is over what arrives.
 * @param raw latin1 text
 * @throws ComposeError it has no header, or a line in it that is no field
 */
export function parseMessage(raw: string): ComposedMessage {
  const text = raw.replace(/\r\n|\r|\n/g, '\r\n');
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) throw new ComposeError('the message has no header');
  const fields = text.slice(0, end).split(/\r\n(?![ \t])/);
  const body = text.slice(end + 4);
  return {
    fields: fields.map(parseField),
    body: body.endsWith('\r\n') ? body : `${body}\r\n`,
    relaxed: false,
  };
}

function parseField(text: string): HeaderField {
  const [, name, value] = FIELD.exec(text) ?? [];
  if (name === undefined) throw new ComposeError('a line of the header is no field');
  return { name, value };
}
