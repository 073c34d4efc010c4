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
}

/** What must be known before an e-mail is accepted. */
@Injectable()
export class AcceptanceRepository {
  async ask(tx: TenantTransaction, question: AcceptanceQuestion): Promise<Acceptance> {
    const { mode, senderNorm, recipientHash } = question;
    const { rows } = await tx.query<AcceptanceRow>(
      `SELECT t.status AS tenant_status,
         coalesce(t.monthly_email_limit, p.monthly_email_limit) AS monthly_limit,
         (SELECT coalesce(sum(amount), 0) FROM (
            SELECT amount FROM usage_totals
            WHERE tenant_id = $1 AND metric = 'emails_accepted'
              AND period = date_trunc('month', now() AT TIME ZONE 'UTC')::date
            UNION ALL
            SELECT amount FROM usage_deltas
            WHERE tenant_id = $1 AND metric = 'emails_accepted'
              AND period = date_trunc('month', now() AT TIME ZONE 'UTC')::date
          ) AS counted) AS accepted,
         m.id AS mailbox_id, d.name AS domain,
         EXISTS (SELECT FROM suppressions s
           WHERE s.tenant_id = $1 AND s.mode = $3 AND s.address_hash = $4) AS suppressed
       FROM tenants t
       JOIN plans p ON p.code = t.plan_code
       LEFT JOIN mailboxes m ON m.tenant_id = t.id AND m.address_norm = $2
       LEFT JOIN domains d
         ON d.tenant_id = m.tenant_id AND d.id = m.domain_id AND d.status = 'verified'
       WHERE t.id = $1`,
      [tx.tenantId, senderNorm, mode, recipientHash],
      { name: 'email-acceptance' },
    );
    const [row] = rows;
    return {
      tenantStatus: row.tenant_status,
      monthlyLimit: row.monthly_limit,
      acceptedThisMonth: Number(row.accepted),
      mailboxId: row.mailbox_id,
      domain: row.domain,
      suppressed: row.suppressed,
    };
  }
}
