/** What to do with an outcome that nobody can know: try once more, or leave it to a person. */
export type UnknownPolicy = 'retry_once' | 'park';

/** How often and when the jobs of one type are tried again. */
export interface RetryPolicy {
  /** Finished tries in all; losing a lease is not one. */
  readonly maxAttempts: number;
  /** Seconds to wait after the first, second, … try; the last one repeats. */
  readonly backoffSeconds: readonly number[];
  /** Share of the delay, 0 to 1, by which it may be shorter or longer. */
  readonly jitter: number;
  /** Tries after an unknown outcome, unless the mailbox says `park`. */
  readonly unknownRetries: number;
}

/** Lost leases after which a job is buried: something kills whoever works on it. */
export const LEASE_LOSS_LIMIT = 20;

/**
 * Seconds until the next try.
 * @param attempt the number of the try that just ended, from 1
 * @param random a number in [0, 1), as Math.random gives
 */
export function retryDelaySeconds(policy: RetryPolicy, attempt: number, random: number): number {
  const last = policy.backoffSeconds.length - 1;
  const base = policy.backoffSeconds[Math.min(attempt - 1, last)];
  return base * (1 + policy.jitter * (2 * random - 1));
}
