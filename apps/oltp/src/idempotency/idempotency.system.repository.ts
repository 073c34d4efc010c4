import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

@Injectable()
export class IdempotencySystemRepository {
  /**
   * Deletes keys past their 24 hours, the oldest first; the pairs are found by the statement itself.
   * @returns how many
   */
  async deleteExpired(tx: SystemTransaction, limit: number): Promise<number> {
    const { rowCount } = await tx.query(
      `DELETE FROM idempotency_keys k
       USING (SELECT tenant_id, key, method, route FROM idempotency_keys
         WHERE expires_at <= now() ORDER BY expires_at LIMIT $1) AS old
       WHERE k.tenant_id = old.tenant_id AND k.key = old.key AND k.method = old.method
         AND k.route = old.route AND k.expires_at <= now()`,
      [limit],
    );
    return rowCount;
  }
}
