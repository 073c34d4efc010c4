import type { KeyMode } from './api-key.js';
import type { ApiKeyEntity } from './api-key.entity.js';

/** An API key as the public API shows it. */
export interface ApiKeyResource {
  readonly object: 'api_key';
  readonly id: string;
  readonly name: string;
  readonly mode: KeyMode;
  readonly scopes: readonly string[];
  /** The key itself, once; null ever after. */
  readonly key: string | null;
  readonly expires_at: string | null;
  readonly created_at: string;
}

export function apiKeyResource(row: ApiKeyEntity, key: string | null): ApiKeyResource {
  return {
    object: 'api_key',
    id: row.id,
    name: row.name,
    mode: row.mode,
    scopes: row.scopes,
    key,
    expires_at: row.expiresAt?.toISOString() ?? null,
    created_at: row.createdAt.toISOString(),
  };
}

/** The same without its secret: what is stored for replays. */
export function withoutSecret(resource: ApiKeyResource): ApiKeyResource {
  return { ...resource, key: null };
}
