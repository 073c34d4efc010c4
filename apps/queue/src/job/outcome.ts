import { type JobMove } from './job.js';
import { type RetryPolicy, retryDelaySeconds, type UnknownPolicy } from './retry-policy.js';

/** How a worker says that a try ended. `returned`: it never began. */
export const outcomeKinds = [
  'delivered',
  'deferred',
  'bounced',
  'failed',
  'unknown',
  'cancelled',
  'returned',
] as const;
export type OutcomeKind = (typeof outcomeKinds)[number];

/** What the decision needs to know of the job. */
export interface TriedJob {
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly unknownOutcomes: number;
}

/** What the decision needs to know of the try. */
export interface TriedOutcome {
  readonly kind: OutcomeKind;
  readonly unknownPolicy?: UnknownPolicy;
}

/** What becomes of the job. */
export interface Decision {
  readonly move: Extract<JobMove, 'complete' | 'retry' | 'return' | 'bury' | 'cancel'>;
  /** Finished tries after this one. */
  readonly attempts: number;
  readonly unknownOutcomes: number;
  /** Only with `retry`. */
  readonly delaySeconds?: number;
}

/**
 * Decides by the class of the outcome. A bounce is an answer, so the job is completed; a permanent
 * failure, an exhausted retry and an outcome that stays unknown are buried for a person to see.
 * @param random a number in [0, 1)
 */
export function decide(
  job: TriedJob,
  outcome: TriedOutcome,
  policy: RetryPolicy,
  random: number,
): Decision {
  const tried = { attempts: job.attempts + 1, unknownOutcomes: job.unknownOutcomes };
  switch (outcome.kind) {
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
      return { move: 'return', ...untried(job) };
  }
}

type Counts = Pick<Decision, 'attempts' | 'unknownOutcomes'>;

function untried(job: TriedJob): Counts {
  return { attempts: job.attempts, unknownOutcomes: job.unknownOutcomes };
}

function retryOrBury(job: TriedJob, counts: Counts, policy: RetryPolicy, random: number): Decision {
  if (counts.attempts >= job.maxAttempts) return { move: 'bury', ...counts };
  return {
    move: 'retry',
    ...counts,
    delaySeconds: retryDelaySeconds(policy, counts.attempts, random),
  };
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
