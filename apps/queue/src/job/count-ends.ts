import { counter, metrics } from '@penguinmails/observability';

/** An end that no worker has reported. */
export interface CountedEnd {
  readonly type: string;
  /** lease_lost, cancelled or expired. */
  readonly outcome: string;
}

/** Counts ends beside those that workers report. To be called after the commit. */
export function countEnds(ends: readonly CountedEnd[]): void {
  for (const { type, outcome } of ends)
    counter(metrics.jobsFinished).add(1, { 'penguinmails.job.type': type, outcome });
}
