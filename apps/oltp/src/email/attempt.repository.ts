import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { EmailRow } from './email-row.js';

/** A locked e-mail with what a worker needs to send it. */
export interface EmailToBegin extends Pick<
  EmailRow,
  | 'id'
  | 'mode'
  | 'mailbox_id'
  | 'sender'
  | 'recipient'
  | 'reply_to'
  | 'subject'
  | 'content_storage_key'
  | 'status'
  | 'attempt'
  | 'message_id'
  | 'sent_at'
  | 'finished_at'
  | 'row_version'
> {
  readonly display_name: string | null;
  /** By now, not at acceptance. */
  readonly suppressed: boolean;
}

export interface BegunAttempt {
  /** When the first attempt of the e-mail began. */
  readonly sent_at: Date;
}

/** E-mails of one tenant at the begin of an attempt. */
@Injectable()
export class AttemptRepository {
  /**
   * Locks the e-mails in the order given. Callers sort by id, as outcomes do, so that the two never
   * wait for each other. Each id is looked up by itself: see idx_emails_tenant_status.
   */
  async lock(tx: TenantTransaction, ids: readonly string[]): Promise<EmailToBegin[]> {
    const { rows } = await tx.query<EmailToBegin>(
      `SELECT e.*, m.display_name,
         EXISTS (SELECT FROM suppressions s WHERE s.tenant_id = $1 AND s.mode = e.mode
           AND s.address_hash = e.recipient_hash) AS suppressed
       FROM unnest($2::uuid[]) AS i(id)
       CROSS JOIN LATERAL (
         SELECT id, mode, mailbox_id, sender, recipient, recipient_hash, reply_to, subject,
           content_storage_key, status, attempt, message_id, sent_at, finished_at, row_version
         FROM emails WHERE tenant_id = $1 AND id = i.id
         OFFSET 0 FOR UPDATE
       ) AS e
       JOIN mailboxes m ON m.tenant_id = $1 AND m.id = e.mailbox_id`,
      [tx.tenantId, ids],
      { name: 'begin-lock' },
    );
    return rows;
  }

  /** E-mails that {@link lock} has locked. @returns what became of each, by id */
  async begin(
    tx: TenantTransaction,
    attempts: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<Map<string, BegunAttempt>> {
    const { rows } = await tx.query<BegunAttempt & { id: string }>(
      `UPDATE emails e SET status = 'sending', attempt = i.attempt, finished_at = NULL,
         sent_at = coalesce(e.sent_at, now()), row_version = e.row_version + 1, updated_at = now()
       FROM unnest($2::uuid[], $3::int[]) AS i(id, attempt)
       CROSS JOIN LATERAL (
         SELECT ctid FROM emails WHERE tenant_id = $1 AND id = i.id OFFSET 0
       ) AS place
       WHERE e.ctid = place.ctid AND e.tenant_id = $1
       RETURNING e.id, e.sent_at`,
      [tx.tenantId, attempts.map(({ id }) => id), attempts.map(({ attempt }) => attempt)],
      { name: 'begin-attempts' },
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** E-mails that {@link lock} has locked. */
  async suppress(tx: TenantTransaction, ids: readonly string[]): Promise<void> {
    await tx.query(
      `UPDATE emails e SET status = 'suppressed', finished_at = now(),
         row_version = e.row_version + 1, updated_at = now()
       FROM unnest($2::uuid[]) AS i(id)
       CROSS JOIN LATERAL (
         SELECT ctid FROM emails WHERE tenant_id = $1 AND id = i.id OFFSET 0
       ) AS place
       WHERE e.ctid = place.ctid AND e.tenant_id = $1`,
      [tx.tenantId, ids],
    );
  }
}
