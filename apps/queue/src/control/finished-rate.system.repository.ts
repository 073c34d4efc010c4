import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

/** How many jobs of a type end, of whatever outcome, averaged over {@link RATE_MINUTES}. */
export interface FinishedRate {
  readonly type: string;
  readonly perMinute: number;
}

export const RATE_MINUTES = 5;

/** The index on completed_at is one of ranges of pages, which only a bitmap can walk. */
const ALLOW_BITMAP = `SELECT set_config('enable_bitmapscan', 'on', true)`;

const RATES = `
SELECT job_type AS type, count(*)::float8 / $1 AS "perMinute"
FROM job_history
WHERE completed_at >= now() - $1 * interval '1 minute'
  AND completed_at < now() + interval '1 hour'
GROUP BY job_type`;

/** Reads the newest pages of history, not the day. */
@Injectable()
export class FinishedRateSystemRepository {
  /** To be run in a transaction: the planner's setting ends with it. */
  async read(tx: SystemTransaction): Promise<FinishedRate[]> {
    await tx.query(ALLOW_BITMAP);
    return (await tx.query<FinishedRate>(RATES, [RATE_MINUTES])).rows;
  }
}
