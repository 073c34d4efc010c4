import type { EmailStatus } from './email.js';
import type { EmailMode, EmailRow, EmailTag } from './email-row.js';

/** An e-mail as the public API shows it. Times are RFC 3339 UTC. */
export interface EmailResource {
  readonly object: 'email';
  readonly id: string;
  readonly mode: EmailMode;
  readonly status: EmailStatus;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly reply_to: string | null;
  readonly tags: readonly EmailTag[];
  readonly scheduled_at: string | null;
  readonly created_at: string;
  readonly updated_at: string;
  readonly sent_at: string | null;
  readonly message_id: string;
  readonly size_bytes: number;
  readonly last_error_code: string | null;
}

export function emailResource(row: EmailRow): EmailResource {
  return {
    object: 'email',
    id: row.id,
    mode: row.mode,
    status: row.status,
    from: row.sender,
    to: row.recipient,
    subject: row.subject,
    reply_to: row.reply_to,
    tags: row.tags,
    scheduled_at: row.scheduled_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    sent_at: row.sent_at?.toISOString() ?? null,
    message_id: row.message_id,
    size_bytes: row.size_bytes,
    last_error_code: row.last_error_code,
  };
}
