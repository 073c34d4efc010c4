import type { AnswerBudget } from './answer-budget.js';
import { type ContentPair, nameOf } from './content-pair.js';
import type { ContentSize } from './fetch.repository.js';

/** The keys of each tenant that a worker was granted. */
export type GrantedKeys = ReadonlyMap<string, ReadonlySet<string>>;

/** What a worker asks for, each content once. */
export interface Asked {
  readonly granted: readonly ContentPair[];
  /** Named by no grant. */
  readonly refused: readonly ContentPair[];
}

/** Parts what the grants name from the rest, in the order asked. */
export function partAsked(granted: GrantedKeys, items: readonly ContentPair[]): Asked {
  const once = [...new Map(items.map((pair) => [nameOf(pair), pair])).values()];
  const isGranted = ({ tenantId, storageKey }: ContentPair) =>
    granted.get(tenantId)?.has(storageKey) === true;
  return {
    granted: once.filter(isGranted),
    refused: once.filter((pair) => !isGranted(pair)),
  };
}

/** A content that is part of the answer. */
export interface FittingContent extends ContentPair {
  readonly hasFiles: boolean;
}

export interface FetchPlan {
  readonly fitting: readonly FittingContent[];
  readonly deferred: readonly ContentPair[];
  readonly missing: readonly ContentPair[];
}

/**
 * Which of the contents go into this answer, in the order they were asked for.
 * @param sizes in the same order
 */
export function planFetch(
  pairs: readonly ContentPair[],
  sizes: readonly (ContentSize | undefined)[],
  budget: AnswerBudget,
): FetchPlan {
  const fitting: FittingContent[] = [];
  const deferred: ContentPair[] = [];
  const missing: ContentPair[] = [];
  for (const [at, pair] of pairs.entries()) {
    const size = sizes[at];
    if (size === undefined) missing.push(pair);
    else if (budget.take(size.bytes)) fitting.push({ ...pair, hasFiles: size.files > 0 });
    else deferred.push(pair);
  }
  return { fitting, deferred, missing };
}
