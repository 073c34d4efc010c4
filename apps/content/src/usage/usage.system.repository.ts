import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

/** Usage of all tenants. */
@Injectable()
export class UsageSystemRepository {
  /** Tenants whose usage stands in at least so many rows, the longest first. */
  async unfolded(tx: SystemTransaction, rows: number, limit: number): Promise<string[]> {
    const result = await tx.query<{ tenantId: string }>(
      `SELECT tenant_id AS "tenantId" FROM tenant_usage
       GROUP BY tenant_id HAVING count(*) >= $1 ORDER BY count(*) DESC LIMIT $2`,
      [rows, limit],
    );
    return result.rows.map(({ tenantId }) => tenantId);
  }

  /**
   * Replaces the rows of each tenant by their sum. Rows that come meanwhile are not seen and stay, so
   * the sum over all rows never changes.
   */
  async fold(tx: SystemTransaction, tenantIds: readonly string[]): Promise<void> {
    await tx.query(
      `WITH taken AS (
         DELETE FROM tenant_usage WHERE tenant_id = ANY($1) RETURNING *)
       INSERT INTO tenant_usage (tenant_id, id, stored_bytes, object_count)
       SELECT tenant_id, (array_agg(id ORDER BY id DESC))[1], sum(stored_bytes), sum(object_count)
       FROM taken GROUP BY tenant_id`,
      [tenantIds],
    );
  }
}
