import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';

/** Dead letters of one tenant. */
@Injectable()
export class DeadLetterRepository {
  /** @returns false when there is none of the id */
  async discard(tx: TenantTransaction, id: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      'DELETE FROM dead_letters WHERE tenant_id = $1 AND id = $2',
      [tx.tenantId, id],
    );
    return rowCount > 0;
  }
}
