import { type JobMove } from './job.js';
import {
  type RetryPolicy,
  retryDelaySeconds,
  returnDelaySeconds,
  type UnknownPolicy,
} from './retry-policy.js';

/**
 * How a worker says that a try ended. `succeeded`: a job that is no mail. `returned`: it never began.
 * `snoozed`: it goes on later, and this was no try.
 */
export const outcomeKinds = [
  'succeeded',
  'delivered',
  'deferred',
  'bounced',
  'failed',
  'unknown',
  'cancelled',
  'returned',
  'snoozed',
] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

/** Whether the kind ends the job well, whatever went before. */
export function isCompletion(kind: OutcomeKind): boolean {
  return kind === 'succeeded' || kind === 'delivered' || kind === 'bounced';
}
const SNOOZE_LEAST_SECONDS = 1;

/** What the decision needs to know of the job. */
export interface TriedJob {
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly unknownOutcomes: number;
  /** How often it was given back unbegun since its last try. */
  readonly returns: number;
  readonly cancelRequested: boolean;
}

/** What the decision needs to know of the try. */
export interface TriedOutcome {
  readonly kind: OutcomeKind;
  readonly unknownPolicy?: UnknownPolicy;
  /** Shortest wait that a worker asks for when it gives a job back or snoozes it. */
  readonly retryAfterSeconds?: number;
}

/** What becomes of the job. */
export interface Decision {
  readonly move: Extract<JobMove, 'complete' | 'retry' | 'return' | 'snooze' | 'bury' | 'cancel'>;
  /** Finished tries after this one. */
  readonly attempts: number;
  readonly unknownOutcomes: number;
  /** With `retry` and `snooze`, and with `return` from the second one in a row on. */
  readonly delaySeconds?: number;
  /** Only with `return`: times in a row, this one included. */
  readonly returns?: number;
}

/**
 * Decides by the class of the outcome. A bounce is an answer, so the job is completed; a permanent
 * failure, an exhausted retry and an outcome that stays unknown are buried for a person to see. What
 * would go on is cancelled where somebody asked for that.
 * @param random a number in [0, 1)
 */
export function decide(
  job: TriedJob,
  outcome: TriedOutcome,
  policy: RetryPolicy,
  random: number,
): Decision {
  const decision = decideByKind(job, outcome, policy, random);
  const { move, attempts, unknownOutcomes } = decision;
  const goesOn = move === 'retry' || move === 'return' || move === 'snooze';
  return goesOn && job.cancelRequested ? { move: 'cancel', attempts, unknownOutcomes } : decision;
}

function decideByKind(
  job: TriedJob,
  outcome: TriedOutcome,
  policy: RetryPolicy,
  random: number,
): Decision {
  const tried = { attempts: job.attempts + 1, unknownOutcomes: job.unknownOutcomes };
  switch (outcome.kind) {
    case 'succeeded':
    case 'delivered':
    case 'bounced':
      return { move: 'complete', ...tried };
    case 'failed':
      return { move: 'bury', ...tried };
    case 'deferred':
      return retryOrBury(job, tried, policy, random);
    case 'unknown':
      return afterUnknown(job, outcome, policy, random);
    case 'cancelled':
      return { move: 'cancel', ...untried(job) };
    case 'returned':
      return afterReturn(job, outcome);
    case 'snoozed':
      return { move: 'snooze', ...untried(job), delaySeconds: snoozeSeconds(outcome) };
  }
}

type Counts = Pick<Decision, 'attempts' | 'unknownOutcomes'>;

function untried(job: TriedJob): Counts {
  return { attempts: job.attempts, unknownOutcomes: job.unknownOutcomes };
}

/** A type without waits between its tries is tried once, whatever the row says. */
function retryOrBury(job: TriedJob, counts: Counts, policy: RetryPolicy, random: number): Decision {
  const isTriedAgain = counts.attempts < job.maxAttempts && policy.backoffSeconds.length > 0;
  if (!isTriedAgain) return { move: 'bury', ...counts };
  return {
    move: 'retry',
    ...counts,
    delaySeconds: retryDelaySeconds(policy, counts.attempts, random),
  };
}

function afterReturn(job: TriedJob, { retryAfterSeconds }: TriedOutcome): Decision {
  const delaySeconds = returnDelaySeconds(job.returns, retryAfterSeconds);
  return {
    move: 'return',
    ...untried(job),
    returns: job.returns + 1,
    ...(delaySeconds > 0 && { delaySeconds }),
  };
}

/** Never at once: a job that snoozes for ever must not go round at full speed. */
function snoozeSeconds({ retryAfterSeconds = 0 }: TriedOutcome): number {
  return Math.max(SNOOZE_LEAST_SECONDS, retryAfterSeconds);
}

/** A second copy may already be on its way: few tries, and none where the mailbox parks. */
function afterUnknown(
  job: TriedJob,
  outcome: TriedOutcome,
  policy: RetryPolicy,
  random: number,
): Decision {
  const counts = { attempts: job.attempts + 1, unknownOutcomes: job.unknownOutcomes + 1 };
  const parked = outcome.unknownPolicy === 'park' || job.unknownOutcomes >= policy.unknownRetries;
  return parked ? { move: 'bury', ...counts } : retryOrBury(job, counts, policy, random);
}
