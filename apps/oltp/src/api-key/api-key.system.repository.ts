import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

/** One use of a key of any tenant. */
export interface KeyUse {
  readonly tenantId: string;
  readonly id: string;
  readonly usedAt: Date;
}

@Injectable()
export class ApiKeySystemRepository {
  /** Notes when keys were last used; an older time changes nothing. @returns how many changed */
  async touch(tx: SystemTransaction, uses: readonly KeyUse[]): Promise<number> {
    const { rowCount } = await tx.query(
      `UPDATE api_keys k SET last_used_at = u.used_at
       FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS u(tenant_id, id, used_at)
       WHERE k.tenant_id = u.tenant_id AND k.id = u.id
         AND (k.last_used_at IS NULL OR k.last_used_at < u.used_at)`,
      [uses.map((use) => use.tenantId), uses.map((use) => use.id), uses.map((use) => use.usedAt)],
    );
    return rowCount;
  }
}
