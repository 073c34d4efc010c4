import type { LeasedJob } from '../lease/leased-job.js';
import type { RulesOf } from './allot.js';
import { bucketKey } from './limit-use.js';
import { allowanceOf, bucketOf, type LimitRule } from './limit-rules.js';
import type { LimitUse, LockedBucket } from './limit.system.repository.js';

/** A claimed job whose recipient's domain has had enough for now. */
export interface Excess {
  readonly job: LeasedJob;
  readonly delayMs: number;
}

/** Which of the claimed jobs may run, and which wait for how long. */
export interface DomainSplit {
  readonly kept: readonly LeasedJob[];
  readonly excess: readonly Excess[];
  readonly uses: readonly LimitUse[];
}

/** The rule for the domain of a job, under the domain's own key; none: undefined. */
export function domainRule(job: LeasedJob, rulesOf: RulesOf): LimitRule | undefined {
  if (!job.domainKey) return undefined;
  const key = `domain:${job.domainKey}`;
  const rules = rulesOf(job.tenantId);
  const rule = rules.get(key) ?? rules.get('domain:*');
  return rule && { ...rule, key };
}

/**
 * Splits claimed jobs by what their recipients' domains still take. The limit cuts across lanes, so
 * it is found out job by job; who has to wait gets the next free slot, so that the jobs behind it are
 * not looked for again and again and the others of the lane go on.
 */
export function splitByDomain(
  jobs: readonly LeasedJob[],
  rulesOf: RulesOf,
  buckets: readonly LockedBucket[],
): DomainSplit {
  const locked = new Map(buckets.map((bucket) => [bucketKey(bucket), bucket]));
  const groups = Map.groupBy(jobs, (job) => {
    const rule = domainRule(job, rulesOf);
    return rule ? bucketKey(rule) : '';
  });
  const kept = [...(groups.get('') ?? [])];
  const excess: Excess[] = [];
  const uses: LimitUse[] = [];
  for (const [key, group] of groups) {
    if (key === '') continue;
    const split = splitGroup(group, domainRule(group[0], rulesOf)!, locked.get(key)!);
    kept.push(...split.kept);
    excess.push(...split.excess);
    uses.push(...split.uses);
  }
  return { kept, excess, uses };
}

function splitGroup(
  group: readonly LeasedJob[],
  rule: LimitRule,
  bucket: LockedBucket,
): DomainSplit {
  const { count, waitMs } = allowanceOf(rule, bucket);
  const slotMs = rule.perMinute === null ? 0 : 1000 / bucketOf(rule.perMinute).perSecond;
  const first = Math.max(waitMs, bucket.reservedForMs ?? 0, slotMs);
  const kept = group.slice(0, count);
  const excess = group.slice(count).map((job, at) => ({
    job,
    delayMs: (job.wasPutOff ? Math.max(waitMs, slotMs) : first) + at * slotMs,
  }));
  const { tenantId, key } = rule;
  const reservedMs = excess.length === 0 ? null : first + excess.length * slotMs;
  return { kept, excess, uses: [{ tenantId, key, used: kept.length, reservedMs }] };
}
