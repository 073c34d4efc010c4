import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { TenantTransaction } from '@penguinmails/database';

/** A change of what a tenant stores; both may be negative. */
export interface UsageDelta {
  readonly storedBytes: number;
  readonly objects: number;
}

/** Append-only record of what a tenant stores. */
@Injectable()
export class UsageRepository {
  /** Call it in the transaction of the change, so that the sum is exact at every commit. */
  async append(tx: TenantTransaction, delta: UsageDelta): Promise<void> {
    await tx.query(
      `INSERT INTO tenant_usage (tenant_id, id, stored_bytes, object_count) VALUES ($1, $2, $3, $4)`,
      [tx.tenantId, newId(), delta.storedBytes, delta.objects],
    );
  }
}
