import type { TokenIssuer } from '@penguinmails/config';
import type { RouteAccess } from './route-access.js';
import { routeSettings } from './route-settings.js';

const declare = (access: RouteAccess): MethodDecorator =>
  routeSettings(({ access: declared = [] }) => ({ access: [...declared, access] }));

/** No credential at all. */
export const PublicRoute = (): MethodDecorator => declare({ kind: 'public' });

/** A tenant's key that has one of the scopes; without scopes, any tenant's key. */
export const TenantRoute = (...scopes: string[]): MethodDecorator =>
  declare({ kind: 'tenant', scopes });

/** A platform key. */
export const PlatformRoute = (): MethodDecorator => declare({ kind: 'platform' });

/** A tenant's key (with one of the scopes, if any are given) or a platform key. */
export const TenantOrPlatformRoute = (...scopes: string[]): MethodDecorator =>
  declare({ kind: 'tenant_or_platform', scopes });

/** One of these processes on its own account: a service token without a tenant. */
export const ServiceRoute = (...services: [TokenIssuer, ...TokenIssuer[]]): MethodDecorator =>
  declare({ kind: 'service', services });
