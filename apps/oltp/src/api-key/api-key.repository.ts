import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import type { KeyMode } from './api-key.js';
import { ApiKeyEntity } from './api-key.entity.js';

/** A key that may be used now. */
export interface ResolvedKey {
  readonly id: string;
  readonly mode: KeyMode;
  readonly scopes: string[];
  readonly user_id: string | null;
  readonly tenant_status: string;
  readonly expires_at: Date | null;
  /** Its last use is a minute old or unknown. */
  readonly stale: boolean;
}

export type NewApiKey = Pick<
  ApiKeyEntity,
  'id' | 'name' | 'prefix' | 'keySha256' | 'scopes' | 'mode' | 'userId' | 'expiresAt'
>;

@Injectable()
export class ApiKeyRepository {
  /** @returns null when the digest is unknown, revoked or expired, all alike */
  async resolve(tx: TenantTransaction, sha256: Buffer): Promise<ResolvedKey | null> {
    const { rows } = await tx.query<ResolvedKey>(
      `SELECT k.id, k.mode, k.scopes, k.user_id, k.expires_at, t.status AS tenant_status,
         coalesce(k.last_used_at <= now() - interval '1 minute', true) AS stale
       FROM api_keys k JOIN tenants t ON t.id = k.tenant_id
       WHERE k.tenant_id = $1 AND k.key_sha256 = $2 AND k.revoked_at IS NULL
         AND (k.expires_at IS NULL OR k.expires_at > now())`,
      [tx.tenantId, sha256],
      { name: 'api-key-resolve' },
    );
    return rows[0] ?? null;
  }

  /** @returns the keys with the times of their creation, in the order given */
  async insert(tx: TenantTransaction, keys: readonly NewApiKey[]): Promise<ApiKeyEntity[]> {
    const rows = keys.map((key) =>
      tx.entities.create(ApiKeyEntity, { ...key, tenantId: tx.tenantId }),
    );
    await tx.entities.insert(ApiKeyEntity, rows);
    return rows;
  }

  /** Ends every key that is not revoked yet. @returns how many */
  async revokeAll(tx: TenantTransaction): Promise<number> {
    const { rowCount } = await tx.query(
      `UPDATE api_keys SET revoked_at = now(), row_version = row_version + 1, updated_at = now()
       WHERE tenant_id = $1 AND revoked_at IS NULL`,
      [tx.tenantId],
    );
    return rowCount;
  }

  async countUsable(tx: TenantTransaction): Promise<number> {
    const { rows } = await tx.query<{ usable: number }>(
      `SELECT count(*)::int AS usable FROM api_keys
       WHERE tenant_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`,
      [tx.tenantId],
    );
    return rows[0].usable;
  }
}
