import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

@Injectable()
export class UsageSystemRepository {
  /**
   * Folds appended counts into the totals, in one statement: a reader sees each count either here or
   * there, never twice. Two replicas at once take different rows.
   * @returns how many were folded
   */
  async fold(tx: SystemTransaction, limit: number): Promise<number> {
    const { rows } = await tx.query<{ folded: number }>(
      `WITH taken AS (
         DELETE FROM usage_deltas d
         USING (SELECT tenant_id, period, metric, id FROM usage_deltas LIMIT $1) AS batch
         WHERE d.tenant_id = batch.tenant_id AND d.period = batch.period
           AND d.metric = batch.metric AND d.id = batch.id
         RETURNING d.tenant_id, d.period, d.metric, d.amount
       ), added AS (
         INSERT INTO usage_totals AS t (tenant_id, period, metric, amount)
         SELECT tenant_id, period, metric, sum(amount) FROM taken
         GROUP BY tenant_id, period, metric ORDER BY tenant_id, period, metric
         ON CONFLICT (tenant_id, period, metric) DO UPDATE
         SET amount = t.amount + EXCLUDED.amount, updated_at = now()
       )
       SELECT count(*)::int AS folded FROM taken`,
      [limit],
    );
    return rows[0].folded;
  }
}
