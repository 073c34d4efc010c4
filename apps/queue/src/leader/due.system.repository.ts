import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HORIZON_HOLDERS } from '../maintenance/horizon-holders.js';
import type { Due } from './due.js';

/** Once a minute the mark of the vacuum watch. */
export const MARK_HORIZON = `
  INSERT INTO horizon_marks (marked_at, holders)
  SELECT now(), ARRAY(${HORIZON_HOLDERS})
  WHERE NOT EXISTS (SELECT FROM horizon_marks WHERE marked_at > now() - interval '1 minute')`;

/** Two looks at the front of an index. */
export const DUE_COLUMNS = `
  EXISTS (
    SELECT FROM job_queue WHERE status = 'pending' AND expires_at <= now()
  ) AS expiries,
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
