import type { MessageContent } from '../clients/content.client.js';
import { base64Lines, base64Text } from './base64-lines.js';
import type { HeaderField } from './composed-message.js';
import { filenameParameter } from './file-parameter.js';
import { quotedPrintable } from './quoted-printable.js';

/** A part of a message, or the whole of it: its MIME fields and its encoded body. */
export interface MimeEntity {
  readonly fields: readonly HeaderField[];
  /** CRLF line ends only; without an end on its last line where the part has none. */
  readonly body: string;
  /** Whether the last line has its end. */
  readonly endsLine: boolean;
}

type Attachment = MessageContent['attachments'][number];

/** From this share of escapes in it on, quoted-printable is longer than base64 would be. */
const MANY_ESCAPES = 0.135;
/** These may not be encoded (RFC 2045 section 6.4), and a file is to arrive byte for byte. */
const COMPOSITE = /^(?:message|multipart)\//i;

const field = (name: string, value: string): HeaderField => ({ name, value });
const encoding = (value: string) => field('Content-Transfer-Encoding', value);
const TYPES = {
  plain: field('Content-Type', 'text/plain; charset=utf-8'),
  html: field('Content-Type', 'text/html; charset=utf-8'),
};
const ENCODINGS = {
  sevenBit: encoding('7bit'),
  quoted: encoding('quoted-printable'),
  base64: encoding('base64'),
};

/** Text in the cheapest encoding that keeps it: none, quoted-printable, or base64 for other scripts. */
export function textEntity(kind: keyof typeof TYPES, text: string): MimeEntity {
  const { text: quoted, escaped, unchanged } = quotedPrintable(text);
  if (unchanged) return entity([TYPES[kind], ENCODINGS.sevenBit], quoted);
  if (escaped > quoted.length * MANY_ESCAPES)
    return entity([TYPES[kind], ENCODINGS.base64], base64Text(text));
  return entity([TYPES[kind], ENCODINGS.quoted], quoted);
}

/** A file. A whole message or multipart as a file is opened by its name, not shown as part of this one. */
export function fileEntity(file: Attachment): MimeEntity {
  const type = COMPOSITE.test(file.content_type) ? 'application/octet-stream' : file.content_type;
  const id = file.content_id === null ? [] : [field('Content-ID', `<${file.content_id}>`)];
  const disposition = `${file.disposition}${filenameParameter(file.filename)}`;
  const fields = [field('Content-Type', type), ENCODINGS.base64, ...id];
  return entity([...fields, field('Content-Disposition', disposition)], base64Lines(file.content));
}

function entity(fields: readonly HeaderField[], body: string): MimeEntity {
  return { fields, body, endsLine: body.endsWith('\r\n') };
}

/**
 * Several entities as one.
 * @param boundary begins with `=_`, which no encoded body holds: it cannot occur in the content
 */
export function multipart(
  subtype: 'alternative' | 'related' | 'mixed',
  boundary: string,
  parts: readonly MimeEntity[],
): MimeEntity {
  let body = '';
  for (const part of parts) body += `--${boundary}\r\n${entityText(part)}\r\n`;
  const type = `multipart/${subtype};\r\n boundary="${boundary}"`;
  const fields = [field('Content-Type', type)];
  return { fields, body: `${body}--${boundary}--\r\n`, endsLine: true };
}

function entityText({ fields, body }: MimeEntity): string {
  let text = '';
  for (const { name, value } of fields) text += `${name}: ${value}\r\n`;
  return `${text}\r\n${body}`;
}
