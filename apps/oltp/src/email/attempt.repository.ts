import { Injectable } from '@nestjs/common';
import { type TenantRows, type TenantTransaction, underTenants } from '@penguinmails/database';
import { outboxColumns, outboxInsertOfMany, type OutboxRecord } from '@penguinmails/outbox';
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
  /** By the database's clock, whole milliseconds. */
  readonly asked_at: Date;
}

/** One of several e-mails that were read together. */
export interface EmailAtPlace extends EmailToBegin {
  /** The place of its id, and of its tenant. */
  readonly n: number;
}

/** An attempt on an e-mail as it was read. */
export interface UnchangedAttempt {
  /** Its number among those begun together, and the place of its tenant. */
  readonly n: number;
  readonly id: string;
  readonly rowVersion: number;
  readonly attempt: number;
  /** When the first attempt began. */
  readonly sentAt: Date;
}

export interface BegunAttempt {
  /** When the first attempt of the e-mail began. */
  readonly sent_at: Date;
}

/**
 * Each id is looked up by itself: see idx_emails_tenant_status.
 * @param ids relation `i` with the ids
 * @param tenant whose they are
 */
const lookUp = (ids: string, tenant: string, locking: 'FOR UPDATE' | ''): string => `
    e.*, m.display_name, date_trunc('milliseconds', clock_timestamp()) AS asked_at,
    EXISTS (SELECT FROM suppressions s WHERE s.tenant_id = ${tenant} AND s.mode = e.mode
      AND s.address_hash = e.recipient_hash) AS suppressed
  FROM ${ids}
  CROSS JOIN LATERAL (
    SELECT id, mode, mailbox_id, sender, recipient, recipient_hash, reply_to, subject,
      content_storage_key, status, attempt, message_id, sent_at, finished_at, row_version
    FROM emails WHERE tenant_id = ${tenant} AND id = i.id
    OFFSET 0 ${locking}
  ) AS e
  CROSS JOIN LATERAL (
    SELECT display_name FROM mailboxes WHERE tenant_id = ${tenant} AND id = e.mailbox_id OFFSET 0
  ) AS m`;

const LOCK = `SELECT ${lookUp('unnest($2::uuid[]) AS i(id)', '$1', 'FOR UPDATE')}`;

const PLACES = 'unnest($2::uuid[]) WITH ORDINALITY AS given (id, place)';
/** Nothing found in `suppressions` counts only under the tenant of the e-mail. */
const READ = `SELECT i.n, current_setting('app.current_tenant_id') = i.own_tenant::text AS own,
  ${lookUp(
    `${underTenants(`(SELECT (place - 1)::int AS n, id FROM ${PLACES})`, 'n')} AS i`,
    'i.own_tenant',
    '',
  )}`;

const UNCHANGED = `(SELECT * FROM unnest($2::int[], $3::uuid[], $4::int[], $5::int[], $6::timestamptz[])
  AS given (n, id, row_version, attempt, sent_at))`;
const FIRST_EVENT_COLUMN = 7;

const BEGIN_UNCHANGED = `
  WITH begun AS (
    UPDATE emails e SET status = 'sending', attempt = i.attempt, sent_at = i.sent_at,
      row_version = e.row_version + 1, updated_at = now()
    FROM ${underTenants(UNCHANGED, 'n')} AS i
    CROSS JOIN LATERAL (
      SELECT ctid FROM emails
      WHERE tenant_id = i.own_tenant AND id = i.id AND row_version = i.row_version
      OFFSET 0
    ) AS place
    WHERE e.ctid = place.ctid AND e.tenant_id = i.own_tenant
    RETURNING i.n
  ), published AS (${outboxInsertOfMany(FIRST_EVENT_COLUMN, 'begun')})
  SELECT n FROM begun`;

/** E-mails at the begin of an attempt. */
@Injectable()
export class AttemptRepository {
  /**
   * Locks the e-mails in the order given. Callers sort by id, as outcomes do, so that the two never
   * wait for each other.
   */
  async lock(tx: TenantTransaction, ids: readonly string[]): Promise<EmailToBegin[]> {
    const values = [tx.tenantId, ids];
    const { rows } = await tx.query<EmailToBegin>(LOCK, values, { name: 'begin-lock' });
    return rows;
  }

  /**
   * E-mails of several tenants, not locked: {@link beginUnchanged} finds out whether what was read still
   * stands.
   */
  async read(tx: TenantRows, ids: readonly string[]): Promise<EmailAtPlace[]> {
    const { rows } = await tx.query<EmailAtPlace & { own: boolean }>(READ, [ids], {
      name: 'begin-read',
    });
    return rows.filter(({ own }) => own);
  }

  /**
   * Marks those e-mails `sending` that are as they were read, and writes their events. A row that
   * somebody changed meanwhile has another version, and one being changed now another place.
   *
   * @param events each with the number of its e-mail
   * @returns the numbers of those begun
   */
  async beginUnchanged(
    tx: TenantRows,
    attempts: readonly UnchangedAttempt[],
    events: readonly OutboxRecord[],
  ): Promise<ReadonlySet<number>> {
    const { rows } = await tx.query<{ n: number }>(
      BEGIN_UNCHANGED,
      [
        attempts.map(({ n }) => n),
        attempts.map(({ id }) => id),
        attempts.map(({ rowVersion }) => rowVersion),
        attempts.map(({ attempt }) => attempt),
        attempts.map(({ sentAt }) => sentAt),
        ...outboxColumns(events),
      ],
      { name: 'begin-unchanged' },
    );
    return new Set(rows.map(({ n }) => n));
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
