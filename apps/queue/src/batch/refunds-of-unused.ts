import { refundsOf } from '../limit/limit-use.js';
import type { Refund } from '../limit/limit.system.repository.js';
import type { ReportPlan } from './report-plan.js';

/** What the limits get back for recipients that a lease was for and that were not sent to. */
export function refundsOfUnused(plans: readonly ReportPlan[]): Refund[] {
  const unused = plans.flatMap(({ batch, added, step }) => {
    const used = batch.leaseTo - batch.done.length - added.length;
    if (step.kind === 'go_on' || used <= 0) return [];
    const { tenantId, rateKey, leasedAt } = batch;
    return { tenantId, rateKey, leasedAt: leasedAt ?? new Date(0), used };
  });
  return refundsOf(unused);
}
