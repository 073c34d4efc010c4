import type { AnyNewEvent } from '@penguinmails/outbox';
import type { EmailToBegin } from './attempt.repository.js';
import { begin, type BeginDecision } from './email.js';
import { emailEvent, type EmailSubject } from './email-events.js';
import { stateOf } from './email-row.js';

/** An e-mail as it was read or locked, and whether its attempt may begin. */
export interface Decided {
  readonly email: EmailToBegin;
  readonly attempt: number;
  readonly decision: BeginDecision;
}

export function decide(email: EmailToBegin, attempt: number): Decided {
  return { email, attempt, decision: begin(stateOf(email), attempt, email.suppressed) };
}

/**
 * What the begin of an attempt publishes: email.sent once per e-mail, email.suppressed where it ends here.
 * @param begunAt when the first attempt began; undefined when none did
 */
export function beginEvents(
  tenantId: string,
  { email, attempt, decision }: Decided,
  begunAt: Date | undefined,
): AnyNewEvent[] {
  const { id, mode, mailbox_id: mailboxId, row_version } = email;
  const subject: EmailSubject = { tenantId, id, mode, mailboxId, version: row_version + 1 };
  if (decision.decision === 'suppress') return [emailEvent('suppressed', subject, new Date())];
  if (decision.decision === 'refuse' || !decision.firstAttempt || !begunAt) return [];
  const report = { attempt, code: null, enhancedCode: null, errorCode: null };
  return [emailEvent('sent', subject, begunAt, report)];
}
