import { createHash, randomBytes } from 'node:crypto';
import { PLATFORM_TENANT_ID } from '@penguinmails/contracts';

export type KeyMode = 'live' | 'test';

/** What a tenant key may do; a new key gets all of them unless it asks for fewer. */
export const tenantScopes = [
  'emails:send',
  'emails:read',
  'notifications:read',
  'notifications:write',
  'analytics:read',
  'jobs:read',
  'jobs:write',
  'api_keys:write',
] as const;

export type TenantScope = (typeof tenantScopes)[number];

/** A key as it is shown once. Only `sha256` is stored. */
export interface MintedKey {
  readonly key: string;
  readonly prefix: KeyPrefix;
  readonly sha256: Buffer;
}

export type KeyPrefix = 'pm_live_' | 'pm_test_' | 'pm_platform_';

const SECRET_BYTES = 32;

/**
 * A new tenant key: `pm_live_` or `pm_test_`, the tenant's id as 22 characters base64url, `_`, and 43
 * characters of 256 random bits. base64url contains `_`, so a reader cuts by length.
 */
export function mintTenantKey(tenantId: string, mode: KeyMode): MintedKey {
  const prefix: KeyPrefix = mode === 'live' ? 'pm_live_' : 'pm_test_';
  const tenant = Buffer.from(tenantId.replaceAll('-', ''), 'hex').toString('base64url');
  return minted(prefix, `${tenant}_${newSecret()}`);
}

/** A new platform key: `pm_platform_` and 43 characters; it belongs to {@link PLATFORM_TENANT_ID}. */
export function mintPlatformKey(): MintedKey {
  return minted('pm_platform_', newSecret());
}

/** Platform keys are those of the platform tenant. */
export function keyKind(tenantId: string): 'tenant' | 'platform' {
  return tenantId === PLATFORM_TENANT_ID ? 'platform' : 'tenant';
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function minted(prefix: KeyPrefix, rest: string): MintedKey {
  const key = prefix + rest;
  return { key, prefix, sha256: createHash('sha256').update(key).digest() };
}
