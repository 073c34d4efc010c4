import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HORIZON_HOLDERS } from '../maintenance/horizon-holders.js';
import type { Due } from './due.js';

/** Once a minute the mark of the vacuum watch. */
export const MARK_HORIZON = `
  INSERT INTO horizon_marks (marked_at, holders)
  SELECT now(), ARRAY(${HORIZON_HOLDERS})
  WHERE NOT EXISTS (SELECT FROM horizon_marks WHERE marked_at > now() - interval '1 minute')`;

/** Two looks at the front of an index: in an order that no other index has, whatever the table's size. */
export const DUE_COLUMNS = `
  coalesce((
    SELECT expires_at FROM job_queue WHERE status = 'pending' AND expires_at IS NOT NULL
    ORDER BY expires_at LIMIT 1
  ) <= now(), false) AS expiries,
  EXISTS (SELECT FROM schedules WHERE is_enabled AND next_run_at <= now()) AS schedules`;

const LOOK_FOR_DUE = `WITH mark AS (${MARK_HORIZON}) SELECT ${DUE_COLUMNS}`;

/** What is due, over all tenants. */
@Injectable()
export class DueSystemRepository {
  async look(tx: SystemTransaction): Promise<Due> {
    const { rows } = await tx.query<{ expiries: boolean; schedules: boolean }>(LOOK_FOR_DUE);
    return rows[0];
  }
}
