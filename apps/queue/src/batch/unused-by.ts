import { bucketKey } from '../limit/allot.js';
import type { ReportPlan } from './report-plan.js';

/** What the limits get back for recipients that a lease was for and that were not sent to. */
export function unusedBy(plans: readonly ReportPlan[]) {
  const unused = plans.flatMap(({ batch, added, step }) => {
    const used = batch.leaseTo - batch.done.length - added.length;
    if (step.kind === 'go_on' || used <= 0) return [];
    const { tenantId, rateKey } = batch;
    const keys = ['tenant', ...(rateKey ? [`mailbox:${rateKey}`] : [])];
    return keys.map((key) => ({ tenantId, key, used }));
  });
  const groups = [...Map.groupBy(unused, bucketKey)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([, group]) => ({
    ...group[0],
    used: group.reduce((sum, { used }) => sum + used, 0),
  }));
}
