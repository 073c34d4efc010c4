import { Injectable } from '@nestjs/common';
import { TenantDatabase, type TenantTransaction } from '@penguinmails/database';
import { EventWriter } from '@penguinmails/outbox';
import { AttemptRepository, type BegunAttempt } from './attempt.repository.js';
import { type BeginAnswer, refused, sendAnswer } from './begin-answer.js';
import type { BeginItem } from './begin-attempts.js';
import { beginEvents, decide, type Decided } from './begin-decision.js';

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
      const events = decided.flatMap((one) =>
        beginEvents(tenantId, one, begun.get(one.email.id)?.sent_at),
      );
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

function answerOf(
  { email, decision }: Decided,
  begun: ReadonlyMap<string, BegunAttempt>,
): BeginAnswer {
  const attempt = begun.get(email.id);
  if (attempt) return sendAnswer(email, attempt.sent_at);
  return refused(email.id, decision.decision === 'refuse' ? decision.reason : 'suppressed');
}
