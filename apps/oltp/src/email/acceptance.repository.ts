import { Injectable } from '@nestjs/common';
import { type TenantRows, type TenantTransaction, underTenants } from '@penguinmails/database';
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
  n: number;
  /** The rest was read under the tenant who asks. */
  own: boolean;
  tenant_status: string;
  monthly_limit: number | null;
  accepted: string;
  mailbox_id: string | null;
  domain: string | null;
  suppressed: boolean;
  asked_at_ms: number;
}

function acceptanceOf(row: AcceptanceRow): Acceptance {
  return {
    tenantStatus: row.tenant_status,
    monthlyLimit: row.monthly_limit,
    acceptedThisMonth: Number(row.accepted),
    mailboxId: row.mailbox_id,
    domain: row.domain,
    suppressed: row.suppressed,
    askedAt: new Date(row.asked_at_ms),
  };
}

/**
 * Answers questions, each under its `own_tenant`. Counting against the limit is left out where there is
 * none: it reads every e-mail since the last fold. What looks the same when nothing is found says under
 * which tenant it was read.
 */
const answersTo = (questions: string): string => `
  SELECT q.n, x.own, t.tenant_status, t.monthly_limit, x.accepted, s.mailbox_id, s.domain, x.suppressed,
    floor(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS asked_at_ms
  FROM ${questions} AS q
  CROSS JOIN LATERAL (
    SELECT t.status AS tenant_status,
      coalesce(t.monthly_email_limit, p.monthly_email_limit) AS monthly_limit
    FROM tenants t JOIN plans p ON p.code = t.plan_code WHERE t.id = q.own_tenant OFFSET 0) AS t
  LEFT JOIN LATERAL (
    SELECT m.id AS mailbox_id, d.name AS domain
    FROM mailboxes m LEFT JOIN domains d
      ON d.tenant_id = m.tenant_id AND d.id = m.domain_id AND d.status = 'verified'
    WHERE m.tenant_id = q.own_tenant AND m.address_norm = q.sender_norm OFFSET 0) AS s ON true
  CROSS JOIN LATERAL (
    SELECT current_setting('app.current_tenant_id') = q.own_tenant::text AS own,
      EXISTS (SELECT FROM suppressions x WHERE x.tenant_id = q.own_tenant AND x.mode = q.mode
        AND x.address_hash = q.recipient_hash) AS suppressed,
      CASE WHEN t.monthly_limit IS NULL THEN 0 ELSE
        (SELECT coalesce(sum(amount), 0) FROM (
           SELECT amount FROM usage_totals
           WHERE tenant_id = q.own_tenant AND metric = 'emails_accepted'
             AND period = date_trunc('month', now() AT TIME ZONE 'UTC')::date
           UNION ALL
           SELECT amount FROM usage_deltas
           WHERE tenant_id = q.own_tenant AND metric = 'emails_accepted'
             AND period = date_trunc('month', now() AT TIME ZONE 'UTC')::date
         ) AS counted) END AS accepted
    OFFSET 0) AS x`;

const GIVEN = `unnest($2::text[], $3::text[], $4::text[])
  WITH ORDINALITY AS given (mode, sender_norm, hash, n)`;
const ASKED = `mode, sender_norm, decode(hash, 'hex') AS recipient_hash`;
const OF_ONE_TENANT = answersTo(
  `(SELECT $1::uuid AS own_tenant, n::int, ${ASKED} FROM ${GIVEN} OFFSET 0)`,
);
const OF_MANY_TENANTS = answersTo(
  underTenants(`(SELECT n::int - 1 AS n, ${ASKED} FROM ${GIVEN})`, 'n'),
);

/** What must be known before an e-mail is accepted. */
@Injectable()
export class AcceptanceRepository {
  /** One answer for each question, in their order. */
  async ask(
    tx: TenantTransaction,
    questions: readonly AcceptanceQuestion[],
  ): Promise<Acceptance[]> {
    const values = [tx.tenantId, ...columnsOf(questions)];
    const { rows } = await tx.query<AcceptanceRow>(OF_ONE_TENANT, values, {
      name: 'email-acceptances',
    });
    return rows.map(acceptanceOf);
  }

  /**
   * As {@link ask}, a question of each tenant of the list.
   * @returns the answers by the places of the questions
   */
  async askForMany(
    tx: TenantRows,
    questions: readonly AcceptanceQuestion[],
  ): Promise<ReadonlyMap<number, Acceptance>> {
    const { rows } = await tx.query<AcceptanceRow>(OF_MANY_TENANTS, columnsOf(questions), {
      name: 'email-acceptances-of-many',
    });
    const own = rows.filter((row) => row.own);
    return new Map(own.map((row) => [row.n, acceptanceOf(row)]));
  }
}

const columnsOf = (questions: readonly AcceptanceQuestion[]) => [
  questions.map(({ mode }) => mode),
  questions.map(({ senderNorm }) => senderNorm),
  questions.map(({ recipientHash }) => recipientHash.toString('hex')),
];
