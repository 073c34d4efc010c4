import type { FinishResult } from './finish-result.js';
import type { HeldJob } from './finish.system.repository.js';

/**
 * A result with its times between the lease and the report, by the database's clock: a try cannot
 * have begun before or ended after. A worker's clock that is minutes off changes nothing else.
 */
export function withinLease(
  result: FinishResult,
  { startedAt, now }: Pick<HeldJob, 'startedAt' | 'now'>,
): FinishResult {
  const bounded = (time: number) =>
    new Date(Math.max(startedAt.getTime(), Math.min(time, now.getTime()))).toISOString();
  const began = Date.parse(result.started_at);
  const ended = Math.max(began, Date.parse(result.finished_at));
  return { ...result, started_at: bounded(began), finished_at: bounded(ended) };
}
