import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { TenantRowPosition } from './control.requests.js';
import { RATE_LIMIT_COLUMNS, type RateLimit } from './rate-limit.repository.js';

/** Reads the limits of all tenants. */
@Injectable()
export class RateLimitSystemRepository {
  /** By tenant and key; one more than the page has. */
  async list(
    tx: SystemTransaction,
    tenantId: string | null,
    after: TenantRowPosition | null,
    limit: number,
  ): Promise<RateLimit[]> {
    const { rows } = await tx.query<RateLimit>(
      `SELECT ${RATE_LIMIT_COLUMNS} FROM rate_limits l
       WHERE ($1::uuid IS NULL OR l.tenant_id = $1)
         AND ($2::uuid IS NULL OR (l.tenant_id, l.limit_key) > ($2, $3::text))
       ORDER BY l.tenant_id, l.limit_key LIMIT $4`,
      [tenantId, after?.tenantId ?? null, after?.key ?? null, limit + 1],
    );
    return rows;
  }
}
