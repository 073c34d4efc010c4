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
   * Locks the e-mails in the order of their ids, as outcomes do, so that the two never wait for each
   * other. No condition on status stands beside the ids: see idx_emails_tenant_status.
   */
  async lock(tx: TenantTransaction, ids: readonly string[]): Promise<EmailToBegin[]> {
    const { rows } = await tx.query<EmailToBegin>(
      `SELECT e.id, e.mode, e.mailbox_id, e.sender, e.recipient, e.reply_to, e.subject,
         e.content_storage_key, e.status, e.attempt, e.message_id, e.sent_at, e.finished_at,
         e.row_version, m.display_name,
         EXISTS (SELECT FROM suppressions s WHERE s.tenant_id = e.tenant_id AND s.mode = e.mode
           AND s.address_hash = e.recipient_hash) AS suppressed
       FROM emails e
       JOIN mailboxes m ON m.tenant_id = e.tenant_id AND m.id = e.mailbox_id
       WHERE e.tenant_id = $1 AND e.id = ANY($2::uuid[])
       ORDER BY e.id
       FOR UPDATE OF e`,
      [tx.tenantId, ids],
    );
    return rows;
  }

  /** @returns what became of each e-mail, by id */
  async begin(
    tx: TenantTransaction,
    attempts: readonly { readonly id: string; readonly attempt: number }[],
  ): Promise<Map<string, BegunAttempt>> {
    const { rows } = await tx.query<BegunAttempt & { id: string }>(
      `UPDATE emails e SET status = 'sending', attempt = i.attempt,
         sent_at = coalesce(e.sent_at, now()), row_version = e.row_version + 1, updated_at = now()
       FROM unnest($2::uuid[], $3::int[]) AS i(id, attempt)
       WHERE e.tenant_id = $1 AND e.id = i.id
       RETURNING e.id, e.sent_at`,
      [tx.tenantId, attempts.map(({ id }) => id), attempts.map(({ attempt }) => attempt)],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  async suppress(tx: TenantTransaction, ids: readonly string[]): Promise<void> {
    await tx.query(
      `UPDATE emails SET status = 'suppressed', finished_at = now(),
         row_version = row_version + 1, updated_at = now()
       WHERE tenant_id = $1 AND id = ANY($2::uuid[])`,
      [tx.tenantId, ids],
    );
  }
}
