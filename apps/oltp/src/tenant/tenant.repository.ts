import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { TenantEntity } from './tenant.entity.js';
import { UserEntity } from './user.entity.js';

export type NewTenant = Pick<TenantEntity, 'id' | 'name' | 'slug' | 'planCode'>;
export type NewUser = Pick<UserEntity, 'id' | 'email' | 'emailNorm' | 'name' | 'role'>;

export interface Plan {
  readonly code: string;
  /** Minor units of `currency`. */
  readonly price_per_thousand: number;
  readonly currency: string;
}

@Injectable()
export class TenantRepository {
  async insert(tx: TenantTransaction, tenant: NewTenant): Promise<TenantEntity> {
    const row = tx.entities.create(TenantEntity, tenant);
    await tx.entities.insert(TenantEntity, row);
    return row;
  }

  async insertUser(tx: TenantTransaction, user: NewUser): Promise<UserEntity> {
    const row = tx.entities.create(UserEntity, { ...user, tenantId: tx.tenantId });
    await tx.entities.insert(UserEntity, row);
    return row;
  }

  /** Makes the tenant's row when it is missing and locks it until the end of `tx`. */
  async ensure(tx: TenantTransaction, tenant: NewTenant): Promise<void> {
    await tx.query(
      `INSERT INTO tenants (id, name, slug, plan_code) VALUES ($1, $2, $3, $4)
       ON CONFLICT (id) DO NOTHING`,
      [tx.tenantId, tenant.name, tenant.slug, tenant.planCode],
    );
    await tx.query('SELECT 1 AS locked FROM tenants WHERE id = $1 FOR UPDATE', [tx.tenantId]);
  }

  /** Plans are the same for all tenants. */
  async plan(tx: TenantTransaction, code: string): Promise<Plan> {
    const { rows } = await tx.query<Plan>(
      'SELECT code, price_per_thousand, currency FROM plans WHERE code = $1',
      [code],
    );
    return rows[0];
  }

  /** The first owner: the user as whom keys act that no user asked for. */
  async ownerId(tx: TenantTransaction): Promise<string> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT id FROM users WHERE tenant_id = $1 AND role = 'owner' ORDER BY created_at, id LIMIT 1`,
      [tx.tenantId],
    );
    return rows[0].id;
  }
}
