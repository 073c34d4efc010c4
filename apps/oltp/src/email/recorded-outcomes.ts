import type { AnyNewEvent } from '@penguinmails/outbox';
import { record, type Transition } from './email.js';
import { emailEvent } from './email-events.js';
import { stateOf } from './email-row.js';
import type { EmailPair, RecordableEmail, RecordedChange } from './email.system.repository.js';
import { isHardBounce, type Outcome } from './outcome.js';

/** One item of delivery.recorded with the tenant of its event. */
export interface ReportedOutcome extends EmailPair {
  readonly outcome: Outcome;
  readonly occurredAt: Date;
  /** Id of the event that reported it. */
  readonly causationId: string;
}

export interface OutcomeEffects {
  /** One a row, with its last state. */
  readonly changes: readonly RecordedChange[];
  readonly events: readonly AnyNewEvent[];
  /** E-mails whose recipients are to be suppressed. */
  readonly hardBounces: readonly EmailPair[];
  /** Ids that are no e-mail of the tenant of their event. */
  readonly unknown: number;
}

export const pairKey = ({ tenantId, id }: EmailPair): string => `${tenantId}/${id}`;

/**
 * Applies outcomes in the order in which they were reported: several of one e-mail follow each other,
 * and an e-mail's row is changed once, to what the last one made of it.
 */
export function applyOutcomes(
  rows: readonly RecordableEmail[],
  reported: readonly ReportedOutcome[],
): OutcomeEffects {
  const emails = new Map(
    rows.map((row) => [pairKey({ tenantId: row.tenant_id, id: row.id }), row]),
  );
  const changes = new Map<string, RecordedChange>();
  const events: AnyNewEvent[] = [];
  const hardBounces: EmailPair[] = [];
  let unknown = 0;
  for (const report of reported) {
    const email = emails.get(pairKey(report));
    if (!email) {
      unknown += 1;
      continue;
    }
    const change = applyOne(email, changes.get(pairKey(report)), report);
    if (!change) continue;
    changes.set(pairKey(report), change.row);
    events.push(...eventsOf(email, report, change.transition));
    if (isHardBounce(report.outcome)) hardBounces.push(report);
  }
  return { changes: [...changes.values()], events, hardBounces, unknown };
}

function applyOne(
  email: RecordableEmail,
  earlier: RecordedChange | undefined,
  { tenantId, id, outcome, occurredAt }: ReportedOutcome,
): { row: RecordedChange; transition: Transition } | null {
  const transition = record(earlier ?? stateOf(email), outcome);
  if (!transition) return null;
  const { status, attempt, begun, finished, errorCode } = transition;
  const row = { tenantId, id, status, attempt, begun, finished, errorCode, occurredAt };
  return { row, transition };
}

function eventsOf(
  email: RecordableEmail,
  { tenantId, id, outcome, occurredAt, causationId }: ReportedOutcome,
  { facts }: Transition,
): AnyNewEvent[] {
  const subject = {
    tenantId,
    id,
    mode: email.mode,
    mailboxId: email.mailbox_id,
    version: email.row_version + 1,
  };
  const errorCode = outcome.class === 'unknown' ? 'outcome_unknown' : outcome.errorCode;
  const report = { ...outcome, errorCode };
  return facts.map((fact) => ({ ...emailEvent(fact, subject, occurredAt, report), causationId }));
}
