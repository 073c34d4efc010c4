import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';

/** Which content keys the rows of a tenant refer to. */
@Injectable()
export class ContentReferenceRepository {
  async held(tx: TenantTransaction, keys: readonly string[]): Promise<Set<string>> {
    const { rows } = await tx.query<{ key: string }>(
      `SELECT content_storage_key AS key FROM emails
       WHERE tenant_id = $1 AND content_storage_key = ANY($2::text[])
       UNION
       SELECT content_storage_key FROM campaign_steps
       WHERE tenant_id = $1 AND content_storage_key = ANY($2::text[])`,
      [tx.tenantId, keys],
    );
    return new Set(rows.map(({ key }) => key));
  }
}
