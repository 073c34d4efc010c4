import type { Delivery } from '../finish/delivery-items.js';
import type { JobEnd } from '../job/job-end.js';
import { nextStatus } from '../job/job.js';
import type { RunningJob } from '../job/unfinished-job.js';

/** Why a job was buried whose workers kept dying. */
export const LEASE_LOST = 'lease_lost';

/** What the rescuer does with jobs whose lease ran out. */
export interface RescuePlan {
  readonly released: readonly RunningJob[];
  readonly buried: readonly JobEnd[];
  readonly deliveries: readonly Delivery[];
}

/**
 * A lost lease makes the job ready again and is no try, so that crashes use up none; the job whose
 * workers died `limit` times is buried.
 * @param now the database's clock
 */
export function planRescue(
  expired: readonly RunningJob[],
  limitOf: (type: string) => number,
  now: Date,
): RescuePlan {
  const isFatal = (job: RunningJob) => job.leaseLosses + 1 >= limitOf(job.type);
  const fatal = expired.filter(isFatal);
  return {
    released: expired.filter((job) => !isFatal(job)),
    buried: fatal.map(buried),
    deliveries: fatal.map((job) => unknownDelivery(job, now)),
  };
}

function buried(job: RunningJob): JobEnd {
  nextStatus('running', 'bury');
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    status: 'dead',
    outcome: LEASE_LOST,
    attempts: job.attempts,
    leaseLosses: job.leaseLosses + 1,
    errorCode: LEASE_LOST,
    errorMessage: null,
  };
}

/**
 * The try that was lost has a number but no row: nobody reported it, so nobody knows whether the message
 * went out before its worker died.
 */
function unknownDelivery(job: RunningJob, now: Date): Delivery {
  return {
    tenantId: job.tenantId,
    item: {
      email_id: job.jobId,
      attempt: job.attempts + 1,
      class: 'unknown',
      final: true,
      code: null,
      enhanced_code: null,
      error_code: LEASE_LOST,
      occurred_at: now.toISOString(),
    },
  };
}
