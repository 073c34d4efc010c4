import type { FoundLane, LaneQuota } from './lane-directory.js';

/** A lane as a look at its index gives it: with the place of its first row. */
export interface HeadRow extends Omit<FoundLane, 'head'> {
  readonly at: string;
  readonly id: string;
}

export function foundLane({ at, id, ...lane }: HeadRow): FoundLane {
  return { ...lane, head: { at, id } };
}

/** From the front of a lane. */
const FRONT = { at: '-infinity', id: '00000000-0000-0000-0000-000000000000' };

/** The first seven values of a claim: tenants, types, rate keys, priorities, cursors, how many. */
export function quotaColumns(quotas: readonly LaneQuota[]): unknown[] {
  const after = quotas.map((quota) => quota.after ?? FRONT);
  return [
    quotas.map((quota) => quota.tenantId),
    quotas.map((quota) => quota.type),
    quotas.map((quota) => quota.rateKey),
    quotas.map((quota) => quota.priority),
    after.map(({ at }) => at),
    after.map(({ id }) => id),
    quotas.map((quota) => quota.most),
  ];
}
