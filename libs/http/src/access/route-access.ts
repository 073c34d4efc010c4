import type { TokenIssuer } from '@penguinmails/config';
import { forbidden } from '../problem/problems.js';
import type { Caller } from './caller.js';

/** Who may call a route. Scopes: one of them is enough; none given: any caller of that kind. */
export type RouteAccess =
  | { readonly kind: 'public' }
  | { readonly kind: 'tenant'; readonly scopes: readonly string[] }
  | { readonly kind: 'platform' }
  | { readonly kind: 'tenant_or_platform'; readonly scopes: readonly string[] }
  | { readonly kind: 'service'; readonly services: readonly TokenIssuer[] };

/**
 * @throws Problem 403 `wrong_credential_kind` when the caller is of another kind than the route wants,
 * 403 `scope_missing` when it has none of the scopes
 */
export function assertAccess(access: RouteAccess, caller: Caller): void {
  if (access.kind === 'public') return;
  if (!isRightKind(access, caller)) throw forbidden('wrong_credential_kind');
  if (caller.actor.kind !== 'api_key' || !('scopes' in access)) return;
  const { scopes } = access;
  if (scopes.length > 0 && !scopes.some((scope) => caller.scopes.includes(scope)))
    throw forbidden('scope_missing', `The key needs the scope ${scopes.join(' or ')}.`);
}

function isRightKind(access: RouteAccess, { actor, service }: Caller): boolean {
  switch (access.kind) {
    case 'public':
      return true;
    case 'tenant':
      return actor.kind === 'api_key';
    case 'platform':
      return actor.kind === 'platform_key';
    case 'tenant_or_platform':
      return actor.kind === 'api_key' || actor.kind === 'platform_key';
    case 'service':
      return actor.kind === 'system' && access.services.includes(service);
  }
}
