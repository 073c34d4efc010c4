import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { EmailStatus } from './email.js';
import { EMAIL_COLUMNS, type EmailMode, type EmailRow, type EmailTag } from './email-row.js';

export interface NewEmail {
  readonly id: string;
  readonly mode: EmailMode;
  readonly mailboxId: string;
  readonly sender: string;
  readonly recipient: string;
  readonly recipientNorm: string;
  readonly recipientHash: Buffer;
  readonly replyTo: string | null;
  readonly subject: string;
  readonly storageKey: string;
  readonly sizeBytes: number;
  readonly status: EmailStatus;
  readonly messageId: string;
  readonly tags: readonly EmailTag[];
  readonly scheduledAt: Date | null;
}

export interface Keyset {
  readonly createdAt: Date;
  readonly id: string;
}

export interface EmailFilter {
  readonly limit: number;
  readonly after?: Keyset;
  readonly before?: Keyset;
  readonly status?: EmailStatus;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
}

/** E-mails of one tenant. */
@Injectable()
export class EmailRepository {
  /**
   * Stores an e-mail and, for live mail, counts it against the plan.
   * @returns null when the id is taken
   */
  async insert(tx: TenantTransaction, email: NewEmail): Promise<EmailRow | null> {
    const { rows } = await tx.query<EmailRow>(
      `WITH stored AS (
         INSERT INTO emails (tenant_id, id, mode, mailbox_id, sender, recipient, recipient_norm,
           recipient_hash, reply_to, subject, content_storage_key, size_bytes, status, message_id,
           tags, scheduled_at, finished_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
           CASE WHEN $13 = 'suppressed' THEN now() END)
         ON CONFLICT (tenant_id, id) DO NOTHING
         RETURNING ${EMAIL_COLUMNS}
       ), counted AS (
         INSERT INTO usage_deltas (tenant_id, period, metric, id, amount)
         SELECT $1, date_trunc('month', now() AT TIME ZONE 'UTC')::date, 'emails_accepted', id, 1
         FROM stored WHERE mode = 'live'
       )
       SELECT * FROM stored`,
      [
        tx.tenantId,
        email.id,
        email.mode,
        email.mailboxId,
        email.sender,
        email.recipient,
        email.recipientNorm,
        email.recipientHash,
        email.replyTo,
        email.subject,
        email.storageKey,
        email.sizeBytes,
        email.status,
        email.messageId,
        JSON.stringify(email.tags),
        email.scheduledAt,
      ],
      { name: 'email-insert' },
    );
    return rows[0] ?? null;
  }

  async find(tx: TenantTransaction, id: string): Promise<EmailRow | null> {
    const { rows } = await tx.query<EmailRow>(
      `SELECT ${EMAIL_COLUMNS} FROM emails WHERE tenant_id = $1 AND id = $2`,
      [tx.tenantId, id],
    );
    return rows[0] ?? null;
  }

  async findForUpdate(tx: TenantTransaction, id: string): Promise<EmailRow | null> {
    const { rows } = await tx.query<EmailRow>(
      `SELECT ${EMAIL_COLUMNS} FROM emails WHERE tenant_id = $1 AND id = $2 FOR UPDATE`,
      [tx.tenantId, id],
    );
    return rows[0] ?? null;
  }

  /** Newest first; with `before`, the page that ends just above that row. One row more than asked. */
  async list(tx: TenantTransaction, filter: EmailFilter): Promise<EmailRow[]> {
    const values: unknown[] = [tx.tenantId];
    const bind = (value: unknown): string => `$${values.push(value)}`;
    const conditions = conditionsOf(filter, bind);
    const direction = filter.before ? 'ASC' : 'DESC';
    const { rows } = await tx.query<EmailRow>(
      `SELECT ${EMAIL_COLUMNS} FROM emails
       WHERE tenant_id = $1${['', ...conditions].join(' AND ')}
       ORDER BY created_at ${direction}, id ${direction} LIMIT ${bind(filter.limit + 1)}`,
      values,
    );
    return rows;
  }

  /** @returns the row as it is afterwards */
  async cancel(tx: TenantTransaction, id: string): Promise<EmailRow> {
    const { rows } = await tx.query<EmailRow>(
      `UPDATE emails SET status = 'cancelled', finished_at = now(),
         row_version = row_version + 1, updated_at = now()
       WHERE tenant_id = $1 AND id = $2
       RETURNING ${EMAIL_COLUMNS}`,
      [tx.tenantId, id],
    );
    return rows[0];
  }
}

function conditionsOf(filter: EmailFilter, bind: (value: unknown) => string): string[] {
  const { after, before, status, createdAfter, createdBefore } = filter;
  const conditions: string[] = [];
  if (after) conditions.push(`(created_at, id) < (${bind(after.createdAt)}, ${bind(after.id)})`);
  if (before) conditions.push(`(created_at, id) > (${bind(before.createdAt)}, ${bind(before.id)})`);
  if (status) conditions.push(`status = ${bind(status)}`);
  if (createdAfter) conditions.push(`created_at > ${bind(createdAfter)}`);
  if (createdBefore) conditions.push(`created_at < ${bind(createdBefore)}`);
  return conditions;
}
