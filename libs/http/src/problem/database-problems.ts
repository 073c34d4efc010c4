import type { Tier } from '@penguinmails/contracts';
import type { Problem } from './problem.js';
import { tierDown, tooManyRequests } from './problems.js';

/** How errors of a tier's own database are told apart; libs/database has both. */
export interface DatabaseErrors {
  isTenantBusy(this: void, error: unknown): error is { readonly retryAfterSeconds: number };
  isInfrastructure(this: void, error: unknown): boolean;
}

/**
 * What a tier answers when its own database refuses or is away: 429 `tenant_busy` with Retry-After, 503
 * `tier_unavailable`. Anything else is nobody's fault but ours and stays a 500.
 */
export function databaseProblems(
  tier: Tier,
  { isTenantBusy, isInfrastructure }: DatabaseErrors,
): (error: unknown) => Problem | undefined {
  return (error) => {
    if (isTenantBusy(error)) return tooManyRequests(error.retryAfterSeconds, 'tenant_busy');
    return isInfrastructure(error) ? tierDown(tier, error) : undefined;
  };
}
