import { errorCodeOf, handedOver, type Outcome } from './outcome.js';

/** `emails.status`; delivered = accepted by the next mail server (rest.md, E-mail status). */
export const emailStatuses = [
  'pending',
  'scheduled',
  'queued',
  'sending',
  'delivered',
  'deferred',
  'bounced',
  'failed',
  'suppressed',
  'cancelled',
  'unknown',
] as const;

export type EmailStatus = (typeof emailStatuses)[number];

/** What the state machine looks at. */
export interface EmailState {
  readonly status: EmailStatus;
  /** Number of the last attempt begun or recorded; 0 before the first. */
  readonly attempt: number;
  /** The first attempt was begun: email.sent is out. */
  readonly begun: boolean;
  /** No attempt will follow. `unknown` alone can be either. */
  readonly finished: boolean;
}

export type RefusalReason =
  'cancelled' | 'suppressed' | 'finished' | 'unknown_email' | 'not_granted';

export type BeginDecision =
  | { readonly decision: 'send'; readonly firstAttempt: boolean }
  /** The recipient was suppressed after the e-mail had been accepted. */
  | { readonly decision: 'suppress' }
  | { readonly decision: 'refuse'; readonly reason: RefusalReason };

/** Names of the public events of an e-mail, without prefix and version. */
export type EmailFact =
  | 'scheduled'
  | 'queued'
  | 'sent'
  | 'delivered'
  | 'delivery_delayed'
  | 'bounced'
  | 'failed'
  | 'suppressed'
  | 'cancelled';

export interface Transition {
  readonly status: EmailStatus;
  readonly attempt: number;
  readonly begun: boolean;
  readonly finished: boolean;
  readonly errorCode: string | null;
  /** In the order in which they are published. */
  readonly facts: readonly EmailFact[];
}

/** Status at acceptance. @param scheduled a time in the future was asked for */
export function accept(scheduled: boolean, suppressed: boolean): EmailStatus & EmailFact {
  if (suppressed) return 'suppressed';
  return scheduled ? 'scheduled' : 'queued';
}

/** Whether a caller may still cancel; false from the moment an attempt has begun until it failed. */
export function mayCancel({ status }: EmailState): boolean {
  switch (status) {
    case 'scheduled':
    case 'queued':
    case 'deferred':
      return true;
    case 'pending':
    case 'sending':
    case 'delivered':
    case 'bounced':
    case 'failed':
    case 'suppressed':
    case 'cancelled':
    case 'unknown':
      return false;
  }
}

/**
 * Answer to a worker that holds a lease on the e-mail. `sending` may begin again: the lease of the
 * worker before was lost. An attempt older than the last one belongs to a lease that was lost. A job
 * that died and was redriven goes on with the number after its last one: its e-mail is open again.
 */
export function begin(state: EmailState, attempt: number, suppressed: boolean): BeginDecision {
  const refusal = refusalOf(state, attempt > state.attempt);
  if (refusal) return { decision: 'refuse', reason: refusal };
  if (attempt < state.attempt) return { decision: 'refuse', reason: 'not_granted' };
  if (suppressed) return { decision: 'suppress' };
  return { decision: 'send', firstAttempt: !state.begun };
}

function refusalOf({ status, finished }: EmailState, isNext: boolean): RefusalReason | null {
  switch (status) {
    case 'queued':
    case 'scheduled':
    case 'deferred':
    case 'sending':
      return null;
    case 'unknown':
      return finished && !isNext ? 'finished' : null;
    case 'failed':
      return isNext ? null : 'finished';
    case 'cancelled':
    case 'suppressed':
      return status;
    case 'delivered':
    case 'bounced':
      return 'finished';
    case 'pending':
      return 'unknown_email';
  }
}

/**
 * What an outcome does to an e-mail; null when nothing (finished already, or told before).
 * Outcomes are facts: one of an e-mail that oltp has not begun counts all the same (a database that
 * was restored to an earlier time), and then email.sent is published late rather than never.
 */
export function record(state: EmailState, outcome: Outcome): Transition | null {
  if (!mayRecord(state, outcome)) return null;
  const begun = state.begun || handedOver(outcome.class);
  const { status, fact } = resultOf(outcome);
  return {
    status,
    attempt: outcome.attempt,
    begun,
    finished: outcome.final || isEnd(status),
    errorCode: errorCodeOf(outcome),
    facts: begun === state.begun ? [fact] : ['sent', fact],
  };
}

function mayRecord(state: EmailState, outcome: Outcome): boolean {
  if (state.finished || outcome.attempt < state.attempt) return false;
  switch (state.status) {
    case 'scheduled':
    case 'queued':
    case 'sending':
      return true;
    // The outcome of this attempt is known already: only its being the last one is news.
    case 'deferred':
    case 'unknown':
      return outcome.attempt > state.attempt || outcome.final;
    case 'pending':
    case 'delivered':
    case 'bounced':
    case 'failed':
    case 'suppressed':
    case 'cancelled':
      return false;
  }
}

function resultOf(outcome: Outcome): { status: EmailStatus; fact: EmailFact } {
  switch (outcome.class) {
    case 'delivered':
    case 'bounced':
    case 'failed':
    case 'cancelled':
      return { status: outcome.class, fact: outcome.class };
    case 'deferred':
      return outcome.final
        ? { status: 'failed', fact: 'failed' }
        : { status: 'deferred', fact: 'delivery_delayed' };
    case 'unknown':
      return { status: 'unknown', fact: outcome.final ? 'failed' : 'delivery_delayed' };
  }
}

/** Statuses that end an e-mail whatever the queue says. */
function isEnd(status: EmailStatus): boolean {
  return status !== 'deferred' && status !== 'unknown';
}
