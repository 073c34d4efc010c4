import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { checkMessageParts } from './check-message-parts.js';
import type { ComposedMessage, HeaderField } from './composed-message.js';
import { nameAndAddress, unstructured } from './header-text.js';
import { fileEntity, type MimeEntity, multipart, textEntity } from './mime-entity.js';

/** RFC 2046 section 5.1.1 allows 70 characters; the prefix takes four. */
const BOUNDARY_ID_MAX = 60;

/**
 * Builds the message (RFC 5322, 2045, 2047, 2231) from its envelope and content: only ASCII, only CRLF,
 * lines of 78 columns where there is a blank to fold at, and the same bytes for the same input.
 * @throws ComposeError
 */
export function composeOwn(envelope: Envelope, content: MessageContent): ComposedMessage {
  checkMessageParts(envelope, content);
  const { fields, body, endsLine } = bodyOf(content, envelope.message_id);
  return {
    fields: [...envelopeFields(envelope), ...customFields(content), ...fields],
    body: endsLine ? body : `${body}\r\n`,
    relaxed: true,
  };
}

function envelopeFields(envelope: Envelope): HeaderField[] {
  const { from, to, reply_to, subject, message_id, date } = envelope;
  return [
    { name: 'From', value: nameAndAddress('From', from.name, from.address) },
    { name: 'To', value: to },
    ...(reply_to === null ? [] : [{ name: 'Reply-To', value: reply_to }]),
    { name: 'Subject', value: unstructured('Subject', subject) },
    { name: 'Message-ID', value: message_id },
    { name: 'Date', value: new Date(date).toUTCString().replace('GMT', '+0000') },
    { name: 'MIME-Version', value: '1.0' },
  ];
}

function customFields({ headers }: MessageContent): HeaderField[] {
  return Object.entries(headers).map(([name, value]) => ({
    name,
    value: unstructured(name, value),
  }));
}

/** Files with a content id belong to the html that shows them; the others to the whole. */
function bodyOf({ text, html, attachments }: MessageContent, messageId: string): MimeEntity {
  const boundary = boundariesOf(messageId);
  const shown = html ? attachments.filter(({ content_id }) => content_id !== null) : [];
  const attached = attachments.filter((file) => !shown.includes(file));
  const bodies = [
    ...(text || !html ? [textEntity('plain', text ?? '')] : []),
    ...(html ? [withFiles('related', boundary('r'), textEntity('html', html), shown)] : []),
  ];
  const [only] = bodies;
  const whole = bodies.length > 1 ? multipart('alternative', boundary('a'), bodies) : only;
  return withFiles('mixed', boundary('m'), whole, attached);
}

function withFiles(
  subtype: 'related' | 'mixed',
  boundary: string,
  entity: MimeEntity,
  files: MessageContent['attachments'],
): MimeEntity {
  return files.length === 0
    ? entity
    : multipart(subtype, boundary, [entity, ...files.map(fileEntity)]);
}

/** Of the e-mail's own id, so that a second copy equals the first; one per level. */
function boundariesOf(messageId: string): (level: string) => string {
  const id = messageId.replace(/[^A-Za-z0-9]/g, '').slice(0, BOUNDARY_ID_MAX);
  return (level) => `=_${level}_${id}`;
}
