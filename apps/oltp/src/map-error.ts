import { isInfrastructure, isTenantBusy } from '@penguinmails/database';
import { type Problem, tierDown, tooManyRequests } from '@penguinmails/http/problem';

/** A busy tenant is refused, a database that is away is said: anything else stays a 500. */
export function mapError(error: unknown): Problem | undefined {
  if (isTenantBusy(error)) return tooManyRequests(error.retryAfterSeconds, 'tenant_busy');
  return isInfrastructure(error) ? tierDown('oltp', error) : undefined;
}
