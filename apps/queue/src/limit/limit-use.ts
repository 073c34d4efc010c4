import type { RulesOf } from './allot.js';
import type { LimitUse, Refund } from './limit.system.repository.js';

/** So much of one limit; the same limit may be named several times. */
export type UsePart = Pick<LimitUse, 'tenantId' | 'key' | 'used'>;

export function bucketKey({ tenantId, key }: { tenantId: string; key: string }): string {
  return `${tenantId}/${key}`;
}

/** Keys of the limits that a lane falls under as a whole: its tenant's and its mailbox's. */
export function laneLimitKeys(rateKey: string): string[] {
  return rateKey ? ['tenant', `mailbox:${rateKey}`] : ['tenant'];
}

/** The parts of each limit, in the order in which the buckets are locked. */
function byLimit<P extends UsePart>(parts: readonly P[]): P[][] {
  const groups = [...Map.groupBy(parts, bucketKey)].sort(([a], [b]) => (a < b ? -1 : 1));
  return groups.map(([, group]) => group);
}

function total(parts: readonly UsePart[]): number {
  return parts.reduce((sum, { used }) => sum + used, 0);
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
  return byLimit(parts).map((own) => ({ ...own[0], used: total(own), reservedMs: null }));
}

/** What was claimed and never begun. */
export interface Unbegun {
  readonly tenantId: string;
  readonly rateKey: string;
  readonly domainKey?: string | null;
  /** By the database's clock. */
  readonly leasedAt: Date;
  /** Default 1. */
  readonly used?: number;
}

/** What the limits get back for what was claimed and never begun: each limit once. */
export function refundsOf(unbegun: readonly Unbegun[]): Refund[] {
  const parts = unbegun.flatMap(({ tenantId, rateKey, domainKey, leasedAt, used = 1 }) => {
    const day = leasedAt.toISOString().slice(0, 10);
    const keys = [...laneLimitKeys(rateKey), ...(domainKey ? [`domain:${domainKey}`] : [])];
    return keys.map((key) => ({ tenantId, key, used, day }));
  });
  return byLimit(parts).map(refundOf);
}

function refundOf(parts: readonly (UsePart & { readonly day: string })[]): Refund {
  const { tenantId, key } = parts[0];
  const day = parts.reduce((latest, part) => (part.day > latest ? part.day : latest), '');
  const unusedOfDay = total(parts.filter((part) => part.day === day));
  return { tenantId, key, unused: total(parts), day, unusedOfDay };
}
