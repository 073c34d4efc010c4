import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';

/** Which content keys the rows of a tenant refer to. */
@Injectable()
export class ContentReferenceRepository {
  /** Each key is looked up by itself: see idx_emails_tenant_status. */
  async held(tx: TenantTransaction, keys: readonly string[]): Promise<Set<string>> {
    const { rows } = await tx.query<{ key: string }>(
      `SELECT k.key FROM unnest($2::text[]) AS k(key)
       CROSS JOIN LATERAL (
         SELECT FROM emails WHERE tenant_id = $1 AND content_storage_key = k.key LIMIT 1
       ) AS e
       UNION
       SELECT content_storage_key FROM campaign_steps
       WHERE tenant_id = $1 AND content_storage_key = ANY($2::text[])`,
      [tx.tenantId, keys],
    );
    return new Set(rows.map(({ key }) => key));
  }
}
