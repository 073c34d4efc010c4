import { usesOfUnbegun } from '../limit/limit-use.js';
import type { ReportPlan } from './report-plan.js';

/** What the limits get back for recipients that a lease was for and that were not sent to. */
export function unusedBy(plans: readonly ReportPlan[]) {
  const unused = plans.flatMap(({ batch, added, step }) => {
    const used = batch.leaseTo - batch.done.length - added.length;
    if (step.kind === 'go_on' || used <= 0) return [];
    const { tenantId, rateKey } = batch;
    return { tenantId, rateKey, used };
  });
  return usesOfUnbegun(unused);
}
