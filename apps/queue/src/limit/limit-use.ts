import type { RulesOf } from './allot.js';
import type { LimitUse } from './limit.system.repository.js';

/** So much of one limit; the same limit may be named several times. */
export type UsePart = Pick<LimitUse, 'tenantId' | 'key' | 'used'>;

export function bucketKey({ tenantId, key }: { tenantId: string; key: string }): string {
  return `${tenantId}/${key}`;
}

/** Keys of the limits that a lane falls under as a whole: its tenant's and its mailbox's. */
export function laneLimitKeys(rateKey: string): string[] {
  return rateKey ? ['tenant', `mailbox:${rateKey}`] : ['tenant'];
}

/** Each limit once, in the order in which the buckets are locked. */
function totalUses(parts: readonly UsePart[]): UsePart[] {
  const groups = [...Map.groupBy(parts, bucketKey)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([, group]) => ({
    ...group[0],
    used: group.reduce((sum, { used }) => sum + used, 0),
  }));
}

/** What is claimed uses of the limits of its tenants and mailboxes, `used` of each. */
export function usesOf(
  claimed: readonly { tenantId: string; rateKey: string; used: number }[],
  rulesOf: RulesOf,
): LimitUse[] {
  const parts = claimed.flatMap(({ tenantId, rateKey, used }) =>
    laneLimitKeys(rateKey)
      .filter((key) => rulesOf(tenantId).has(key))
      .map((key) => ({ tenantId, key, used })),
  );
  return totalUses(parts).map((use) => ({ ...use, reservedMs: null }));
}

/** What the limits get back for what was claimed and never begun, `used` of each (default 1). */
export function usesOfUnbegun(
  claimed: readonly {
    readonly tenantId: string;
    readonly rateKey: string;
    readonly domainKey?: string | null;
    readonly used?: number;
  }[],
): UsePart[] {
  const parts = claimed.flatMap(({ tenantId, rateKey, domainKey, used = 1 }) =>
    [...laneLimitKeys(rateKey), ...(domainKey ? [`domain:${domainKey}`] : [])].map((key) => ({
      ...{ tenantId, key, used },
    })),
  );
  return totalUses(parts);
}
