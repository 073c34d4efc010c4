import type { Caller } from './caller.js';
import type { PlatformRequest } from './platform-request.js';
import type { RouteAccess } from './route-access.js';

/**
 * Finds out who calls. Runs before the body is read, so that nobody without a credential can make the
 * process read one; never for public routes.
 */
export interface Authenticator {
  /**
   * @param access what the route wants, for an authenticator that answers differently by kind
   * @throws Problem 401 when the credential does not count, 503 when that cannot be found out
   */
  authenticate(request: PlatformRequest, access: RouteAccess): Promise<Caller>;
}
