import { newId, PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import type { TenantDatabase, TenantTransaction } from '@penguinmails/database';
import { mintPlatformKey } from '../api-key/api-key.js';
import type { ApiKeyRepository } from '../api-key/api-key.repository.js';
import type { AuditRepository } from '../audit/audit.repository.js';
import type { TenantRepository } from '../tenant/tenant.repository.js';

const PLATFORM = {
  id: PLATFORM_TENANT_ID,
  name: 'Platform',
  slug: 'platform',
  planCode: 'enterprise',
};

/** Makes what everything else starts from: the platform tenant and a key for it. */
export class BootstrapPlatform {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly platform: TenantRepository,
    private readonly keys: ApiKeyRepository,
    private readonly audit: AuditRepository,
  ) {}

  /**
   * The lock on the tenant's row lets one of several runs at once make the key.
   * @returns a new platform key; null when there is a usable one and it is not to be replaced
   */
  async execute({ replace }: { readonly replace: boolean }): Promise<string | null> {
    return await this.tenants.transaction(PLATFORM_TENANT_ID, async (tx) => {
      await this.platform.ensure(tx, PLATFORM);
      if (replace) await this.keys.revokeAll(tx);
      else if ((await this.keys.countUsable(tx)) > 0) return null;
      return await this.createKey(tx);
    });
  }

  private async createKey(tx: TenantTransaction): Promise<string> {
    const { key, prefix, sha256 } = mintPlatformKey();
    const id = newId();
    const nobody = { userId: null, expiresAt: null, scopes: [], mode: 'live' } as const;
    const row = { id, name: 'Bootstrap key', prefix, keySha256: sha256, ...nobody, scopes: [] };
    await this.keys.insert(tx, [row]);
    await this.audit.append(tx, {
      actorKind: 'system',
      actorId: 'bootstrap',
      action: 'platform_key.created',
      subjectKind: 'api_key',
      subjectId: id,
      requestId: null,
    });
    return key;
  }
}
