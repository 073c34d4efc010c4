import MailComposer from 'nodemailer/lib/mail-composer';
import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { checkMessageParts } from './check-message-parts.js';
import type { ComposedMessage } from './composed-message.js';
import { parseMessage } from './parse-message.js';

/**
 * Builds the message with nodemailer's MailComposer: the fallback, and the oracle of our own. File and
 * URL access are off: content is bytes that content handed out, never a path (reference/security.md
 * row 12).
 * @throws ComposeError, or what the composer refuses its input with; nothing was sent
 */
export async function composeByNodemailer(
  envelope: Envelope,
  content: MessageContent,
): Promise<ComposedMessage> {
  checkMessageParts(envelope, content);
  const composer = new MailComposer({
    from: { name: envelope.from.name ?? '', address: envelope.from.address },
    to: { name: '', address: envelope.to },
    ...(envelope.reply_to !== null && { replyTo: { name: '', address: envelope.reply_to } }),
    subject: envelope.subject,
    messageId: envelope.message_id,
    date: new Date(envelope.date),
    headers: content.headers,
    ...(content.text !== null && { text: content.text }),
    ...(content.html !== null && { html: content.html }),
    attachments: content.attachments.map(composeAttachment),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  composer.compile().build((error, raw) => (error ? reject(error) : resolve(raw as Buffer)));
  return parseMessage((await promise).toString('latin1'));
}

function composeAttachment(attachment: MessageContent['attachments'][number]) {
  return {
    filename: attachment.filename,
    content: Buffer.from(attachment.content, 'base64'),
    contentType: attachment.content_type,
    contentDisposition: attachment.disposition,
    ...(attachment.content_id !== null && { cid: attachment.content_id }),
  };
}
