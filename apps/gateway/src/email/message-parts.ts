import type { NewContent } from '../clients/content.client.js';
import type { NewEmail } from '../clients/oltp.client.js';
import { parseTime } from '../request/time-text.js';
import type { AttachmentRequest } from './attachment.request.js';
import type { SendEmailRequest } from './send-email.request.js';

const DEFAULT_TYPE = 'application/octet-stream';

/** The part of a message that content keeps. */
export function contentOf({ text, html, headers, attachments }: SendEmailRequest): NewContent {
  return {
    text: text ?? null,
    html: html ?? null,
    headers: headers ?? {},
    attachments: (attachments ?? []).map(fileOf),
  };
}

function fileOf(file: AttachmentRequest): NewContent['attachments'][number] {
  return {
    filename: file.filename,
    content_type: file.content_type ?? DEFAULT_TYPE,
    content: file.content,
    disposition: file.disposition ?? 'attachment',
    content_id: file.content_id ?? null,
  };
}

/** The part of a message that oltp keeps. */
export function metadataOf(
  message: SendEmailRequest,
): Omit<NewEmail, 'id' | 'storage_key' | 'size_bytes' | 'idempotency'> {
  const { from, to, subject, reply_to, tags, scheduled_at } = message;
  return {
    from,
    to,
    subject,
    reply_to: reply_to ?? null,
    tags: (tags ?? []).map(({ name, value }) => ({ name, value })),
    scheduled_at: parseTime(scheduled_at)?.toISOString() ?? null,
  };
}
