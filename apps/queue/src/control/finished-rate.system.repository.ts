import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { LEFT } from '../batch/batch-outcome.js';

/**
 * How many jobs of a type end, of whatever outcome, averaged over {@link RATE_MINUTES}. Recipients of a
 * batch end with it; those that left it end as jobs of their own.
 */
export interface FinishedRate {
  readonly type: string;
  readonly perMinute: number;
}

export const RATE_MINUTES = 5;

/** The indexes on completed_at are of ranges of pages, which only a bitmap can walk. */
const ALLOW_BITMAP = `SELECT set_config('enable_bitmapscan', 'on', true)`;

const IS_RECENT = `
completed_at >= now() - $1 * interval '1 minute' AND completed_at < now() + interval '1 hour'`;

const RATES = `
SELECT type, sum(ended)::float8 / $1 AS "perMinute"
FROM (
  SELECT job_type AS type, count(*) AS ended FROM job_history WHERE ${IS_RECENT} GROUP BY job_type
  UNION ALL
  SELECT job_type, count(*)
  FROM batch_history CROSS JOIN LATERAL generate_series(0, n - 1) AS ordinal
  WHERE ${IS_RECENT} AND get_byte(outcomes, ordinal) & $2 = 0
  GROUP BY job_type
) ended
GROUP BY type`;

/** Reads the newest pages of history, not the day. */
@Injectable()
export class FinishedRateSystemRepository {
  /** To be run in a transaction: the planner's setting ends with it. */
  async read(tx: SystemTransaction): Promise<FinishedRate[]> {
    await tx.query(ALLOW_BITMAP);
    return (await tx.query<FinishedRate>(RATES, [RATE_MINUTES, LEFT])).rows;
  }
}
