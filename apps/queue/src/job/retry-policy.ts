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

const RETURN_FIRST_SECONDS = 0.5;
const RETURN_LAST_SECONDS = 10;
const ASKED_LAST_SECONDS = 60;

/**
 * Seconds until a job that was given back unbegun is ready again. Once costs it nothing; a job that is
 * given back time after time must not go round for ever at full speed.
 * @param returns how often in a row before this time
 * @param asked the worker's wish, doubled each time up to a minute
 */
export function returnDelaySeconds(returns: number, asked?: number): number {
  const doubled = 2 ** Math.min(returns, 20);
  if (asked !== undefined) return Math.min(ASKED_LAST_SECONDS, asked * doubled);
  return returns === 0 ? 0 : Math.min(RETURN_LAST_SECONDS, RETURN_FIRST_SECONDS * doubled);
}
