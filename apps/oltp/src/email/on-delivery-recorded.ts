import { Controller, Inject } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { Logger } from '@penguinmails/observability';
import { EventWriter, HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { OLTP_LOGGER } from '../oltp.tokens.js';
import { type EmailPair, EmailSystemRepository } from './email.system.repository.js';
import { isOutcomeClass, type Outcome } from './outcome.js';
import { applyOutcomes, pairKey, type ReportedOutcome } from './recorded-outcomes.js';

type DeliveryRecorded = ReceivedEvent<'penguinmails.delivery.recorded.v1'>;

/** An outcome class of a later version: parked until a version that knows it is deployed. */
export class UnknownOutcomeClass extends Error {
  override readonly name = 'UnknownOutcomeClass';
}

/**
 * Brings outcomes of attempts into `emails`: the events of a slice, of all tenants, in one statement
 * each. The tenant of every pair is that of its event.
 */
@Controller()
export class OnDeliveryRecorded {
  constructor(
    private readonly emails: EmailSystemRepository,
    private readonly events: EventWriter,
    @Inject(OLTP_LOGGER) private readonly logger: Logger,
  ) {}

  @HandlesEvent('penguinmails.delivery.recorded.v1', { login: 'system' })
  async handle(received: DeliveryRecorded[], tx: SystemTransaction): Promise<void> {
    const reported = received.flatMap(outcomesOf);
    const rows = await this.emails.lock(tx, pairsOf(reported));
    const { changes, events, hardBounces, unknown } = applyOutcomes(rows, reported);
    if (unknown > 0) this.logger.warn({ count: unknown }, 'outcomes of e-mails that are not there');
    if (changes.length === 0) return;
    await this.emails.recordOutcomes(tx, changes);
    if (hardBounces.length > 0) await this.emails.suppressRecipients(tx, hardBounces);
    await this.events.write(tx, events);
  }
}

function outcomesOf(event: DeliveryRecorded): ReportedOutcome[] {
  const { id: causationId, tenantId } = event;
  return event.data.items.map((item) => ({
    tenantId,
    id: item.email_id,
    outcome: outcomeOf(item),
    occurredAt: new Date(item.occurred_at),
    causationId,
  }));
}

function outcomeOf(item: DeliveryRecorded['data']['items'][number]): Outcome {
  if (!isOutcomeClass(item.class)) throw new UnknownOutcomeClass('an outcome of a later version');
  return {
    attempt: item.attempt,
    class: item.class,
    final: item.final,
    code: item.code,
    enhancedCode: item.enhanced_code,
    errorCode: item.error_code,
  };
}

/** Each e-mail once, sorted by id. */
function pairsOf(reported: readonly ReportedOutcome[]): EmailPair[] {
  const pairs = new Map(reported.map((report) => [pairKey(report), report]));
  return [...pairs.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
