import type { JobTypeDeclaration } from '@penguinmails/contracts';

/** What to do with an outcome that nobody can know: try once more, or leave it to a person. */
export type UnknownPolicy = 'retry_once' | 'park';

/** How often and when the jobs of one type are tried again; how many tries is on the job. */
export type RetryPolicy = Pick<JobTypeDeclaration, 'backoffSeconds' | 'jitter' | 'unknownRetries'>;

/**
 * Seconds until the next try.
 * @param attempt the number of the try that just ended, from 1; past the table its last wait repeats
 * @param random a number in [0, 1), as Math.random gives
 */
export function retryDelaySeconds(policy: RetryPolicy, attempt: number, random: number): number {
  const { backoffSeconds, jitter } = policy;
  const wait = backoffSeconds[Math.min(attempt, backoffSeconds.length) - 1];
  return wait * (jitter.min + random * (jitter.max - jitter.min));
}
