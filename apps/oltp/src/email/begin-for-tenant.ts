import { Injectable } from '@nestjs/common';
import { TenantDatabase, type TenantTransaction } from '@penguinmails/database';
import { EventWriter, type AnyNewEvent } from '@penguinmails/outbox';
import { AttemptRepository, type BegunAttempt, type EmailToBegin } from './attempt.repository.js';
import { type BeginAnswer, refused, sendAnswer } from './begin-answer.js';
import type { BeginItem } from './begin-attempts.js';
import { begin, type BeginDecision } from './email.js';
import { emailEvent, type EmailSubject } from './email-events.js';
import { stateOf } from './email-row.js';

interface Decided {
  readonly email: EmailToBegin;
  readonly attempt: number;
  readonly decision: BeginDecision;
}

/**
 * The last word before e-mails of one tenant are sent, in one transaction: locks them, refuses what
 * was cancelled or suppressed meanwhile, marks the rest `sending`, publishes email.sent once per
 * e-mail and hands out the envelopes.
 */
@Injectable()
export class BeginForTenant {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly attempts: AttemptRepository,
    private readonly events: EventWriter,
  ) {}

  /** @returns one answer per e-mail */
  async execute(tenantId: string, items: readonly BeginItem[]): Promise<BeginAnswer[]> {
    const attempts = new Map(items.map(({ emailId, attempt }) => [emailId, attempt]));
    return await this.tenants.transaction(tenantId, async (tx) => {
      const emails = await this.attempts.lock(tx, [...attempts.keys()].sort());
      const decided = emails.map((email) => decide(email, attempts.get(email.id)!));
      const begun = await this.store(tx, decided);
      const events = decided.flatMap((one) => eventsOf(tx, one, begun.get(one.email.id)));
      await this.events.write(tx, events);
      const answers = new Map(decided.map((one) => [one.email.id, answerOf(one, begun)]));
      return [...attempts.keys()].map((id) => answers.get(id) ?? refused(id, 'unknown_email'));
    });
  }

  private async store(
    tx: TenantTransaction,
    decided: readonly Decided[],
  ): Promise<ReadonlyMap<string, BegunAttempt>> {
    const suppressed = decided.filter(({ decision }) => decision.decision === 'suppress');
    if (suppressed.length > 0)
      await this.attempts.suppress(
        tx,
        suppressed.map(({ email }) => email.id),
      );
    const toSend = decided.filter(({ decision }) => decision.decision === 'send');
    if (toSend.length === 0) return new Map();
    return await this.attempts.begin(
      tx,
      toSend.map(({ email, attempt }) => ({ id: email.id, attempt })),
    );
  }
}

function decide(email: EmailToBegin, attempt: number): Decided {
  return { email, attempt, decision: begin(stateOf(email), attempt, email.suppressed) };
}

function eventsOf(
  { tenantId }: TenantTransaction,
  { email, attempt, decision }: Decided,
  begun: BegunAttempt | undefined,
): AnyNewEvent[] {
  const { id, mode, mailbox_id: mailboxId, row_version } = email;
  const subject: EmailSubject = { tenantId, id, mode, mailboxId, version: row_version + 1 };
  if (decision.decision === 'suppress') return [emailEvent('suppressed', subject, new Date())];
  if (decision.decision === 'refuse' || !decision.firstAttempt || !begun) return [];
  const report = { attempt, code: null, enhancedCode: null, errorCode: null };
  return [emailEvent('sent', subject, begun.sent_at, report)];
}

function answerOf(
  { email, decision }: Decided,
  begun: ReadonlyMap<string, BegunAttempt>,
): BeginAnswer {
  const attempt = begun.get(email.id);
  if (attempt) return sendAnswer(email, attempt.sent_at);
  return refused(email.id, decision.decision === 'refuse' ? decision.reason : 'suppressed');
}
