import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { EmailMode } from './email-row.js';

/** What decides whether an e-mail may be accepted, read in one statement. */
export interface Acceptance {
  readonly tenantStatus: string;
  /** Live e-mails a calendar month; null = no limit. */
  readonly monthlyLimit: number | null;
  /** Live e-mails accepted this calendar month (UTC). */
  readonly acceptedThisMonth: number;
  /** Null when the sender is no mailbox of the tenant. */
  readonly mailboxId: string | null;
  /** Null when the mailbox's domain is not verified. */
  readonly domain: string | null;
  readonly suppressed: boolean;
  /** By the database's clock, whole milliseconds. */
  readonly askedAt: Date;
}

export interface AcceptanceQuestion {
  readonly mode: EmailMode;
  readonly senderNorm: string;
  readonly recipientHash: Buffer;
}

interface AcceptanceRow {
  tenant_status: string;
  monthly_limit: number | null;
  accepted: string;
  mailbox_id: string | null;
  domain: string | null;
  suppressed: boolean;
  asked_at: Date;
}

function acceptanceOf(row: AcceptanceRow): Acceptance {
  return {
    tenantStatus: row.tenant_status,
    monthlyLimit: row.monthly_limit,
    acceptedThisMonth: Number(row.accepted),
    mailboxId: row.mailbox_id,
    domain: row.domain,
    suppressed: row.suppressed,
    askedAt: row.asked_at,
  };
}

/** What must be known before an e-mail is accepted. */
@Injectable()
export class AcceptanceRepository {
  /**
   * One answer for each question, in their order. Counting against the limit is left out where there is
   * none: it reads every e-mail since the last fold.
   */
  async ask(
    tx: TenantTransaction,
    questions: readonly AcceptanceQuestion[],
  ): Promise<Acceptance[]> {
    const { rows } = await tx.query<AcceptanceRow>(
      `SELECT t.status AS tenant_status, l.monthly_limit,
         CASE WHEN l.monthly_limit IS NULL THEN 0 ELSE
           (SELECT coalesce(sum(amount), 0) FROM (
              SELECT amount FROM usage_totals
              WHERE tenant_id = $1 AND metric = 'emails_accepted'
                AND period = date_trunc('month', now() AT TIME ZONE 'UTC')::date
              UNION ALL
              SELECT amount FROM usage_deltas
              WHERE tenant_id = $1 AND metric = 'emails_accepted'
                AND period = date_trunc('month', now() AT TIME ZONE 'UTC')::date
            ) AS counted) END AS accepted,
         s.mailbox_id, s.domain,
         EXISTS (SELECT FROM suppressions x WHERE x.tenant_id = $1 AND x.mode = q.mode
           AND x.address_hash = q.recipient_hash) AS suppressed,
         date_trunc('milliseconds', clock_timestamp()) AS asked_at
       FROM tenants t
       JOIN plans p ON p.code = t.plan_code
       CROSS JOIN LATERAL
         (SELECT coalesce(t.monthly_email_limit, p.monthly_email_limit) AS monthly_limit) l
       CROSS JOIN unnest($2::text[], $3::text[], $4::bytea[])
         WITH ORDINALITY AS q (mode, sender_norm, recipient_hash, n)
       LEFT JOIN LATERAL (SELECT m.id AS mailbox_id, d.name AS domain
         FROM mailboxes m LEFT JOIN domains d
           ON d.tenant_id = m.tenant_id AND d.id = m.domain_id AND d.status = 'verified'
         WHERE m.tenant_id = $1 AND m.address_norm = q.sender_norm OFFSET 0) s ON true
       WHERE t.id = $1
       ORDER BY q.n`,
      [
        tx.tenantId,
        questions.map(({ mode }) => mode),
        questions.map(({ senderNorm }) => senderNorm),
        questions.map(({ recipientHash }) => recipientHash),
      ],
      { name: 'email-acceptances' },
    );
    return rows.map(acceptanceOf);
  }
}
