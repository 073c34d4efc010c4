import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';

/** What of a tenant is held back. */
export interface LanePause {
  readonly object: 'queue_pause';
  readonly tenant_id: string;
  /** null: the whole tenant. */
  readonly mailbox_id: string | null;
  readonly reason: string | null;
  readonly paused_at: Date;
}

/** Of {@link LanePause}. */
export const LANE_PAUSE_COLUMNS = `'queue_pause' AS object, tenant_id, nullif(rate_key, '') AS mailbox_id, reason,
  paused_at`;

/** A second pause changes the reason, not the time. */
const PAUSE = `
INSERT INTO lane_pauses (tenant_id, rate_key, reason) VALUES ($1, $2, $3)
ON CONFLICT (tenant_id, rate_key) DO UPDATE SET reason = excluded.reason
RETURNING ${LANE_PAUSE_COLUMNS}`;

/** Pauses of one tenant and its mailboxes. Every claim reads them, so a change counts from its commit on. */
@Injectable()
export class LanePauseRepository {
  /** @param mailboxId '' for the whole tenant */
  async pause(tx: TenantTransaction, mailboxId: string, reason: string | null): Promise<LanePause> {
    return (await tx.query<LanePause>(PAUSE, [tx.tenantId, mailboxId, reason])).rows[0];
  }

  /** @returns false when it was not paused */
  async resume(tx: TenantTransaction, mailboxId: string): Promise<boolean> {
    const { rowCount } = await tx.query(
      'DELETE FROM lane_pauses WHERE tenant_id = $1 AND rate_key = $2',
      [tx.tenantId, mailboxId],
    );
    return rowCount > 0;
  }
}
