import type { AnyNewEvent } from '@penguinmails/outbox';
import type { EmailFact } from './email.js';
import type { EmailMode } from './email-row.js';

/** The e-mail that a public event is about. */
export interface EmailSubject {
  readonly tenantId: string;
  readonly id: string;
  readonly mode: EmailMode;
  readonly mailboxId: string;
  /** Row version after the change. */
  readonly version: number;
}

/** What an attempt came to; all null where nothing was said. */
export interface AttemptReport {
  readonly attempt: number;
  readonly code: number | null;
  readonly enhancedCode: string | null;
  readonly errorCode: string | null;
}

const NOTHING: AttemptReport = { attempt: 0, code: null, enhancedCode: null, errorCode: null };

/** The public event that tells one fact about an e-mail. */
export function emailEvent(
  fact: EmailFact,
  email: EmailSubject,
  occurredAt: Date,
  report: AttemptReport = NOTHING,
): AnyNewEvent {
  const about = {
    email_id: email.id,
    mode: email.mode,
    mailbox_id: email.mailboxId,
    occurred_at: occurredAt.toISOString(),
  };
  return {
    type: `penguinmails.email.${fact}.v1`,
    tenantId: email.tenantId,
    subject: email.id,
    entityVersion: email.version,
    data: { ...about, ...detailsOf(fact, report) },
  } as AnyNewEvent;
}

function detailsOf(fact: EmailFact, report: AttemptReport): Record<string, unknown> {
  switch (fact) {
    case 'scheduled':
    case 'queued':
    case 'suppressed':
    case 'cancelled':
      return {};
    case 'sent':
      return { attempt: report.attempt };
    case 'delivered':
    case 'delivery_delayed':
    case 'bounced':
    case 'failed':
      return {
        attempt: report.attempt,
        code: report.code,
        enhanced_code: report.enhancedCode,
        error_code: report.errorCode,
      };
  }
}
