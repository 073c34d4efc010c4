import type { TenantTransaction } from '@penguinmails/database';

/**
 * The people of a tenant, as far as this tier needs them: ids and roles. Owners and deliveries come on
 * different topics at the same time; without a lock each would miss the other's uncommitted row, and
 * nobody would be told. Deliveries share the lock (DeliverySummarySystemRepository), a new owner waits
 * for them and they for it.
 */
export class RecipientRepository {
  async addOwner(tx: TenantTransaction, userId: string): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockOf(tx)]);
    await tx.query(
      `INSERT INTO recipients (tenant_id, user_id, role) VALUES ($1, $2, 'owner')
       ON CONFLICT (tenant_id, user_id) DO UPDATE
       SET role = 'owner', updated_at = now(), row_version = recipients.row_version + 1`,
      [tx.tenantId, userId],
    );
  }
}

const lockOf = ({ tenantId }: TenantTransaction) => `owners of ${tenantId}`;
