import type { Delivery } from '../finish/delivery-items.js';
import type { JobEnd } from '../job/job-end.js';
import { nextStatus } from '../job/job.js';
import { numberWithoutTry } from '../job/number-without-try.js';
import type { UnfinishedJob } from '../job/unfinished-job.js';

/** Why a job ended that nobody began in time. */
export const EXPIRED = 'expired';

/** The end of a job that waited too long. */
export function expiredEnd(job: UnfinishedJob): JobEnd {
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    status: nextStatus('ready', 'expire') as JobEnd['status'],
    outcome: EXPIRED,
    attempts: job.attempts,
    leaseLosses: job.leaseLosses,
    errorCode: EXPIRED,
    errorMessage: null,
  };
}

/** What oltp is told of its mail: it failed, and no try follows. */
export function expiredDelivery(job: UnfinishedJob, now: Date): Delivery {
  return {
    tenantId: job.tenantId,
    item: {
      email_id: job.jobId,
      attempt: numberWithoutTry(job),
      class: 'failed',
      final: true,
      code: null,
      enhanced_code: null,
      error_code: EXPIRED,
      occurred_at: now.toISOString(),
    },
  };
}
