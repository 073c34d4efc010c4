import type { PlannedLane } from '../lane/lane-directory.js';
import { allowanceOf, type LimitRule } from './limit-rules.js';
import { bucketKey, laneLimitKeys } from './limit-use.js';
import type { LockedBucket } from './limit.system.repository.js';

export type RulesOf = (tenantId: string) => ReadonlyMap<string, LimitRule>;

/** What the limits leave of a plan. */
export interface Allotment {
  /** With `most` cut down to what the limits allow. */
  readonly allowed: readonly PlannedLane[];
  /** Lanes of which nothing may be taken yet, and for how many milliseconds. */
  readonly held: readonly { readonly lane: PlannedLane; readonly forMs: number }[];
}

/** The limits that a lane falls under as a whole: its tenant's and its mailbox's. */
export function rulesOfLane({ quota }: PlannedLane, rulesOf: RulesOf): LimitRule[] {
  const rules = rulesOf(quota.tenantId);
  return laneLimitKeys(quota.rateKey).flatMap((key) => rules.get(key) ?? []);
}

/** Distinct rules in the order in which their buckets are locked. */
export function inLockOrder(rules: readonly LimitRule[]): LimitRule[] {
  const distinct = new Map(rules.map((rule) => [bucketKey(rule), rule]));
  return [...distinct].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);
}

/**
 * Cuts a plan down to its limits. Lanes that share a limit are served in the plan's order; what an
 * earlier one may take is gone for the later ones, even if it then takes less.
 */
export function allot(
  planned: readonly PlannedLane[],
  rulesOf: RulesOf,
  buckets: readonly LockedBucket[],
): Allotment {
  const locked = new Map(buckets.map((bucket) => [bucketKey(bucket), bucket]));
  const spent = new Map<string, number>();
  const allowed: PlannedLane[] = [];
  const held: { lane: PlannedLane; forMs: number }[] = [];
  for (const lane of planned) {
    const limits = rulesOfLane(lane, rulesOf).map((rule) => {
      const key = bucketKey(rule);
      return { key, allowance: allowanceOf(rule, locked.get(key)!) };
    });
    const left = limits.map(({ key, allowance }) => allowance.count - (spent.get(key) ?? 0));
    const most = Math.min(lane.quota.most, ...left);
    const forMs = Math.max(1, ...limits.map(({ allowance }) => allowance.waitMs));
    if (most <= 0) held.push({ lane, forMs });
    else allowed.push({ ...lane, quota: { ...lane.quota, most } });
    for (const { key } of limits) spent.set(key, (spent.get(key) ?? 0) + Math.max(0, most));
  }
  return { allowed, held };
}
