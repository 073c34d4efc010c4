import type { Delivery } from './delivery-items.js';
import { endCode, type ReportedFinish } from './finish-plan.js';

/**
 * What oltp is told about one reported try; nothing when the job was given back unstarted. A try
 * that was deferred for the last time has failed.
 */
export function recordedDelivery(finish: ReportedFinish): Delivery | undefined {
  const { job, result, decision } = finish;
  if (result.kind === 'returned') return undefined;
  const final = decision.move !== 'retry';
  const exhausted = final && result.kind === 'deferred';
  return {
    tenantId: job.tenantId,
    item: {
      email_id: job.jobId,
      attempt: decision.attempts,
      class: exhausted ? 'failed' : result.kind,
      final,
      code: result.code,
      enhanced_code: result.enhanced_code,
      error_code: endCode(finish),
      occurred_at: new Date(result.finished_at).toISOString(),
    },
  };
}
