import { counter, metrics } from '@penguinmails/observability';

/** What became of a try, or of a job that ended without one. */
export interface Finished {
  readonly type: string;
  /** As a worker reported it, or lease_lost, cancelled or expired. */
  readonly outcome: string;
}

/** To be called after the commit. */
export function countFinished(finished: readonly Finished[]): void {
  for (const [type, ofType] of Map.groupBy(finished, (one) => one.type))
    for (const [outcome, { length }] of Map.groupBy(ofType, (one) => one.outcome))
      counter(metrics.jobsFinished).add(length, { 'penguinmails.job.type': type, outcome });
}
