import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { EmailStatus } from './email.js';
import type { EmailMode } from './email-row.js';

/** Names one e-mail of any tenant. */
export interface EmailPair {
  readonly tenantId: string;
  readonly id: string;
}

/** A locked e-mail, as the state machine needs it. */
export interface RecordableEmail {
  readonly tenant_id: string;
  readonly id: string;
  readonly mode: EmailMode;
  readonly mailbox_id: string;
  readonly status: EmailStatus;
  readonly attempt: number;
  readonly sent_at: Date | null;
  readonly finished_at: Date | null;
  readonly row_version: number;
}

export interface RecordedChange extends EmailPair {
  readonly status: EmailStatus;
  readonly attempt: number;
  readonly begun: boolean;
  readonly finished: boolean;
  readonly errorCode: string | null;
  readonly occurredAt: Date;
}

const tenantsOf = (pairs: readonly EmailPair[]): string[] => pairs.map(({ tenantId }) => tenantId);
const idsOf = (pairs: readonly EmailPair[]): string[] => pairs.map(({ id }) => id);

/**
 * Outcomes of many tenants in one statement each. All statements find rows by (tenant_id, id) pairs;
 * the pairs come from the event's own tenant, so a foreign id finds nothing.
 */
@Injectable()
export class EmailSystemRepository {
  /** Locks in the order given; callers sort by id, as {@link AttemptRepository.lock} wants it. */
  async lock(tx: SystemTransaction, pairs: readonly EmailPair[]): Promise<RecordableEmail[]> {
    const { rows } = await tx.query<RecordableEmail>(
      `SELECT e.* FROM unnest($1::uuid[], $2::uuid[]) AS i(tenant_id, id)
       CROSS JOIN LATERAL (
         SELECT tenant_id, id, mode, mailbox_id, status, attempt, sent_at, finished_at, row_version
         FROM emails WHERE tenant_id = i.tenant_id AND id = i.id
         OFFSET 0 FOR UPDATE
       ) AS e`,
      [tenantsOf(pairs), idsOf(pairs)],
      { name: 'outcomes-lock' },
    );
    return rows;
  }

  /** E-mails that {@link lock} has locked. */
  async recordOutcomes(tx: SystemTransaction, changes: readonly RecordedChange[]): Promise<void> {
    await tx.query(
      `UPDATE emails e SET status = c.status, attempt = c.attempt,
         last_error_code = c.error_code,
         sent_at = CASE WHEN c.begun THEN coalesce(e.sent_at, c.occurred_at) ELSE e.sent_at END,
         finished_at = CASE WHEN c.finished THEN c.occurred_at END,
         row_version = e.row_version + 1, updated_at = now()
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[], $5::boolean[], $6::boolean[],
         $7::text[], $8::timestamptz[])
         AS c(tenant_id, id, status, attempt, begun, finished, error_code, occurred_at)
       CROSS JOIN LATERAL (
         SELECT ctid FROM emails WHERE tenant_id = c.tenant_id AND id = c.id OFFSET 0
       ) AS place
       WHERE e.ctid = place.ctid`,
      [
        tenantsOf(changes),
        idsOf(changes),
        changes.map(({ status }) => status),
        changes.map(({ attempt }) => attempt),
        changes.map(({ begun }) => begun),
        changes.map(({ finished }) => finished),
        changes.map(({ errorCode }) => errorCode),
        changes.map(({ occurredAt }) => occurredAt),
      ],
      { name: 'outcomes-record' },
    );
  }

  /** Adds the recipients of these e-mails to their tenants' suppression lists. */
  async suppressRecipients(tx: SystemTransaction, pairs: readonly EmailPair[]): Promise<void> {
    await tx.query(
      `INSERT INTO suppressions (tenant_id, mode, address_hash, address, reason, source_email_id)
       SELECT e.tenant_id, e.mode, e.recipient_hash, e.recipient, 'hard_bounce', e.id
       FROM unnest($1::uuid[], $2::uuid[]) AS i(tenant_id, id)
       CROSS JOIN LATERAL (
         SELECT tenant_id, mode, recipient_hash, recipient, id
         FROM emails WHERE tenant_id = i.tenant_id AND id = i.id OFFSET 0
       ) AS e
       ON CONFLICT (tenant_id, mode, address_hash) DO NOTHING`,
      [tenantsOf(pairs), idsOf(pairs)],
    );
  }
}
