import type { EmailState, EmailStatus } from './email.js';

export type EmailMode = 'live' | 'test';

export interface EmailTag {
  readonly name: string;
  readonly value: string;
}

/** The columns of `emails` that readers see, as the driver gives them. */
export interface EmailRow {
  readonly id: string;
  readonly mode: EmailMode;
  readonly mailbox_id: string;
  readonly sender: string;
  readonly recipient: string;
  readonly reply_to: string | null;
  readonly subject: string;
  readonly content_storage_key: string;
  readonly size_bytes: number;
  readonly status: EmailStatus;
  readonly attempt: number;
  readonly message_id: string;
  readonly tags: readonly EmailTag[];
  readonly scheduled_at: Date | null;
  readonly sent_at: Date | null;
  readonly finished_at: Date | null;
  readonly last_error_code: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly row_version: number;
}

/** Columns of an {@link EmailRow}, for the select list. */
export const EMAIL_COLUMNS = `id, mode, mailbox_id, sender, recipient, reply_to, subject,
  content_storage_key, size_bytes, status, attempt, message_id, tags, scheduled_at, sent_at,
  finished_at, last_error_code, created_at, updated_at, row_version`;

type StateColumns = Pick<EmailRow, 'status' | 'attempt' | 'sent_at' | 'finished_at'>;

/** What the state machine needs of a row. */
export function stateOf(row: StateColumns): EmailState {
  return {
    status: row.status,
    attempt: row.attempt,
    begun: row.sent_at !== null,
    finished: row.finished_at !== null,
  };
}
