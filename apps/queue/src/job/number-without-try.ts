import type { UnfinishedJob } from './unfinished-job.js';

/**
 * The number under which oltp is told that an e-mail ends which is not tried now. oltp takes none below
 * that of the last try it has begun, and one may have begun of which nobody told the queue: the lease
 * was lost, or the answer to the begin was and the job came back as unbegun.
 */
export function numberWithoutTry({
  attempts,
  leaseLosses,
  returns,
}: Pick<UnfinishedJob, 'attempts' | 'leaseLosses' | 'returns'>): number {
  return attempts + Number(leaseLosses > 0 || returns > 0);
}
