import type { AnswerBudget } from './answer-budget.js';
import type { ContentSize } from './content.repository.js';
import type { ContentPair } from './content-pair.js';

/** The keys of each tenant that a worker was granted. */
export type GrantedKeys = ReadonlyMap<string, ReadonlySet<string>>;

/** What a worker asks of one tenant. */
export interface TenantKeys {
  readonly tenantId: string;
  /** Named by a grant, each once. */
  readonly granted: readonly string[];
  readonly refused: readonly string[];
}

/** Groups what is asked by tenant and parts what no grant names. */
export function askedByTenant(granted: GrantedKeys, items: readonly ContentPair[]): TenantKeys[] {
  const keys = new Map<string, Set<string>>();
  for (const { tenantId, storageKey } of items)
    keys.set(tenantId, (keys.get(tenantId) ?? new Set<string>()).add(storageKey));
  return [...keys].map(([tenantId, unique]) => {
    const isGranted = (key: string) => granted.get(tenantId)?.has(key) === true;
    const all = [...unique];
    return {
      tenantId,
      granted: all.filter(isGranted),
      refused: all.filter((key) => !isGranted(key)),
    };
  });
}

export interface FetchPlan {
  readonly fitting: readonly string[];
  /** Those of the fitting ones that have files. */
  readonly withFiles: readonly string[];
  readonly deferred: readonly string[];
  readonly missing: readonly string[];
}

/** Which of the keys go into this answer, in the order they were asked for. */
export function planFetch(
  keys: readonly string[],
  sizes: ReadonlyMap<string, ContentSize>,
  budget: AnswerBudget,
): FetchPlan {
  const plan = { fitting: [] as string[], deferred: [] as string[], missing: [] as string[] };
  for (const key of keys) {
    const size = sizes.get(key);
    if (size === undefined) plan.missing.push(key);
    else (budget.take(size.bytes) ? plan.fitting : plan.deferred).push(key);
  }
  return { ...plan, withFiles: plan.fitting.filter((key) => sizes.get(key)?.files !== 0) };
}
