import type { Delivery } from '../finish/delivery-items.js';
import type { HeldJob } from './held-job.system.repository.js';
import type { JobEnd } from './job-end.js';
import { nextStatus } from './job.js';
import { reportsDelivery } from '../job-type/reports-delivery.js';

/** How a job ends that was taken out before anybody took it up. */
export function cancelledEnd({ tenantId, jobId, attempts, leaseLosses }: HeldJob): JobEnd {
  return {
    tenantId,
    jobId,
    status: nextStatus('ready', 'cancel') as 'cancelled',
    outcome: 'cancelled',
    attempts,
    leaseLosses,
    errorCode: null,
    errorMessage: null,
  };
}

/**
 * What oltp is told about an e-mail whose job was cancelled; nothing of a job that is no mail. The
 * number is that of the try that does not take place: one that was begun and lost has it as well, and
 * an outcome with a lower number would come too late for it.
 */
export function cancelledDelivery(job: HeldJob, now: Date): Delivery[] {
  if (job.emailId === null || !reportsDelivery(job.type)) return [];
  const item = {
    email_id: job.emailId,
    attempt: job.attempts + 1,
    class: 'cancelled',
    final: true,
    code: null,
    enhanced_code: null,
    error_code: null,
    occurred_at: now.toISOString(),
  } as const;
  return [{ tenantId: job.tenantId, item }];
}
