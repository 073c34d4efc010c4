import MailComposer from 'nodemailer/lib/mail-composer';
import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';

/**
 * Builds the message (RFC 5322, MIME) from its envelope and content. File and URL access are off:
 * content is bytes that content handed out, never a path (reference/security.md row 12).
 * @throws Error when the composer refuses its input; nothing was sent
 */
export function composeMessage(envelope: Envelope, content: MessageContent): Promise<Buffer> {
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
  return new Promise((resolve, reject) =>
    composer.compile().build((error, raw) => {
      if (error) reject(error);
      else resolve(raw as Buffer);
    }),
  );
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
