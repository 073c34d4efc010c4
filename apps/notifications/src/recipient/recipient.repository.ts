import type { TenantTransaction } from '@penguinmails/database';

/** The people of a tenant, as far as this tier needs them: ids and roles. */
export class RecipientRepository {
  async addOwner(tx: TenantTransaction, userId: string): Promise<void> {
    await tx.query(
      `INSERT INTO recipients (tenant_id, user_id, role) VALUES ($1, $2, 'owner')
       ON CONFLICT (tenant_id, user_id) DO UPDATE SET role = 'owner'`,
      [tx.tenantId, userId],
    );
  }
}
