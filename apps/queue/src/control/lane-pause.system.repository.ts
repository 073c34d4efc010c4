import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { TenantRowPosition } from './control.requests.js';
import { LANE_PAUSE_COLUMNS, type LanePause } from './lane-pause.repository.js';

/** Reads the pauses of all tenants. */
@Injectable()
export class LanePauseSystemRepository {
  /** By tenant, its own pause before those of its mailboxes; one more than the page has. */
  async list(
    tx: SystemTransaction,
    tenantId: string | null,
    after: TenantRowPosition | null,
    limit: number,
  ): Promise<LanePause[]> {
    const { rows } = await tx.query<LanePause>(
      `SELECT ${LANE_PAUSE_COLUMNS} FROM lane_pauses
       WHERE ($1::uuid IS NULL OR tenant_id = $1)
         AND ($2::uuid IS NULL OR (tenant_id, rate_key) > ($2, $3::text))
       ORDER BY tenant_id, rate_key LIMIT $4`,
      [tenantId, after?.tenantId ?? null, after?.key ?? null, limit + 1],
    );
    return rows;
  }
}
