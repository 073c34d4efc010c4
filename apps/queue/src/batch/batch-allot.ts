import { rulesOfLane, type RulesOf } from '../limit/allot.js';
import { allowanceOf } from '../limit/limit-rules.js';
import { bucketKey, usesOf } from '../limit/limit-use.js';
import type { LimitUse, LockedBucket } from '../limit/limit.system.repository.js';
import type { PlannedLane } from '../lane/lane-directory.js';
import type { LeasedBatch } from './leased-batch.js';

/** More than any claim can take. */
export const UNLIMITED = 1_000_000_000;

/** What the limits leave of a plan, in recipients. */
export interface BatchAllotment {
  readonly allowed: readonly { readonly lane: PlannedLane; readonly recipients: number }[];
  /** Lanes of which nothing may be taken yet, and for how many milliseconds. */
  readonly held: readonly { readonly lane: PlannedLane; readonly forMs: number }[];
}

/**
 * How many recipients may be taken of each lane. Lanes that share a limit get equal parts of it: how
 * much of its part a lane will use is known only when its batches are read.
 */
export function allotBatches(
  planned: readonly PlannedLane[],
  rulesOf: RulesOf,
  buckets: readonly LockedBucket[],
): BatchAllotment {
  const locked = new Map(buckets.map((bucket) => [bucketKey(bucket), bucket]));
  const sharing = new Map<string, number>();
  const served = new Map<string, number>();
  const limitsOf = (lane: PlannedLane) =>
    rulesOfLane(lane, rulesOf).map((rule) => {
      const key = bucketKey(rule);
      return { key, allowance: allowanceOf(rule, locked.get(key)!) };
    });
  for (const lane of planned) for (const { key } of limitsOf(lane)) count(sharing, key);
  const parts = planned.map((lane) => {
    const limits = limitsOf(lane);
    const own = limits.map(({ key, allowance }) =>
      partOf(allowance.count, sharing.get(key)!, count(served, key)),
    );
    const forMs = Math.max(1, ...limits.map(({ allowance }) => allowance.waitMs));
    return { lane, recipients: Math.min(UNLIMITED, ...own), forMs };
  });
  return {
    allowed: parts.filter(({ recipients }) => recipients > 0),
    held: parts.filter(({ recipients }) => recipients <= 0),
  };
}

/** What claimed batches use of the limits of their tenants and mailboxes: one a recipient. */
export function usesOfBatches(batches: readonly LeasedBatch[], rulesOf: RulesOf): LimitUse[] {
  const claimed = batches.map(({ tenantId, rateKey, resumeAt, leaseTo }) => ({
    ...{ tenantId, rateKey, used: leaseTo - resumeAt },
  }));
  return usesOf(claimed, rulesOf);
}

/** The nth (from 0) of `of` equal parts; the first ones get what is left over. */
function partOf(total: number, of: number, nth: number): number {
  if (total === Infinity) return UNLIMITED;
  return Math.floor(total / of) + (nth < total % of ? 1 : 0);
}

/** @returns how often the key had been counted before */
function count(counts: Map<string, number>, key: string): number {
  const before = counts.get(key) ?? 0;
  counts.set(key, before + 1);
  return before;
}
