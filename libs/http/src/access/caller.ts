import type { TokenIssuer } from '@penguinmails/config';

export type Mode = 'live' | 'test';

/** Who acts: a tenant's key, a platform key, or one of our processes on its own account. */
export interface Actor {
  readonly kind: 'api_key' | 'platform_key' | 'system';
  readonly id: string;
  readonly userId?: string;
}

/** On whose behalf a request runs. */
export interface Caller {
  /** The edge that vouches for it. */
  readonly service: TokenIssuer;
  /** The nil UUID for platform keys and for a service on its own account: it owns no rows. */
  readonly tenantId: string;
  readonly actor: Actor;
  readonly mode: Mode;
  readonly scopes: readonly string[];
  readonly requestId: string;
}
