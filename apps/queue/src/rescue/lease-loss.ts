import type { Delivery } from '../finish/delivery-items.js';
import type { JobTypeDeclaration } from '@penguinmails/contracts';
import type { JobEnd } from '../job/job-end.js';
import { nextStatus } from '../job/job.js';
import type { RunningJob } from '../job/unfinished-job.js';

/** Why a job was buried whose workers kept dying. */
export const LEASE_LOST = 'lease_lost';

/** How often a type's leases may be lost, and what oltp is told of its jobs. */
export type LossPolicy = Pick<JobTypeDeclaration, 'leaseLossLimit' | 'reports'>;

/** What the rescuer does with jobs whose lease ran out. */
export interface RescuePlan {
  readonly released: readonly RunningJob[];
  readonly ended: readonly JobEnd[];
  readonly deliveries: readonly Delivery[];
}

/**
 * A lost lease makes the job ready again and is no try, so that crashes use up none; the job whose
 * workers died as often as its type bears is buried, and one that was to be cancelled is cancelled.
 * @param now the database's clock
 */
export function planRescue(
  expired: readonly RunningJob[],
  policyOf: (type: string) => LossPolicy,
  now: Date,
): RescuePlan {
  const isFatal = (job: RunningJob) => job.leaseLosses + 1 >= policyOf(job.type).leaseLossLimit;
  const isOver = (job: RunningJob) => job.cancelRequested || isFatal(job);
  const over = expired.filter(isOver);
  const told = over.filter(({ type }) => policyOf(type).reports === 'delivery');
  return {
    released: expired.filter((job) => !isOver(job)),
    ended: over.map(ended),
    deliveries: told.map((job) => unknownDelivery(job, now)),
  };
}

function ended(job: RunningJob): JobEnd {
  const status = nextStatus('running', job.cancelRequested ? 'cancel' : 'bury');
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    status: status as JobEnd['status'],
    outcome: job.cancelRequested ? 'cancelled' : LEASE_LOST,
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
