import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { Problem } from '@penguinmails/http/problem';
import { keyKind, type KeyMode } from './api-key.js';
import { ApiKeyRepository } from './api-key.repository.js';
import { KeyUsage } from './key-usage.js';

/** Who a key is, for the gateway. */
export interface KeyIdentity {
  readonly key_id: string;
  readonly tenant_id: string;
  readonly kind: 'tenant' | 'platform';
  readonly mode: KeyMode;
  readonly scopes: readonly string[];
  readonly user_id: string | null;
  readonly tenant_status: string;
  /** RFC 3339: whoever remembers the key must not use it past this. */
  readonly expires_at: string | null;
}

/** Finds a key by the digest of its text: one statement, one round trip. */
@Injectable()
export class ResolveKey {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly keys: ApiKeyRepository,
    private readonly usage: KeyUsage,
  ) {}

  /** @throws Problem 404 `key_unknown` for unknown, revoked and expired keys alike */
  async execute(tenantId: string, sha256: Buffer): Promise<KeyIdentity> {
    const key = await this.tenants.once(tenantId, (tx) => this.keys.resolve(tx, sha256), {
      readOnly: true,
    });
    if (!key) throw new Problem(404, 'key_unknown', { detail: 'There is no such key.' });
    if (key.stale) this.usage.note(tenantId, key.id);
    return {
      key_id: key.id,
      tenant_id: tenantId,
      kind: keyKind(tenantId),
      mode: key.mode,
      scopes: key.scopes,
      user_id: key.user_id,
      tenant_status: key.tenant_status,
      expires_at: key.expires_at?.toISOString() ?? null,
    };
  }
}
