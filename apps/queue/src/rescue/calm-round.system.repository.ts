import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { Due } from '../leader/due.js';
import { DUE_COLUMNS, MARK_HORIZON } from '../leader/due.system.repository.js';
import { LEADS, OUTAGE_MS } from './rescue.system.repository.js';

/** What a round finds that has nothing to add to any lease. */
export interface CalmRound extends Due {
  /** False: another replica is at it, and nothing was looked at. */
  readonly leads: boolean;
  /** The clock is stamped, and no lease had run out by then. Else a whole round has to be made. */
  readonly isCalm: boolean;
}

/**
 * The rounds of nearly every second in one statement: it stamps the clock, unless it was silent for as
 * long as an outage, which only a whole round may end. What the statement sees may be older than its
 * lock: a lease that seems to have run out although it was extended costs a whole round, no more.
 */
const CALM_ROUND = `
WITH lead AS MATERIALIZED (
  SELECT ${LEADS} AS leads
), before AS MATERIALIZED (
  SELECT c.stamped_at, clock_timestamp() AS seen_at FROM queue_clock c
  WHERE c.id AND (SELECT l.leads FROM lead l)
  FOR UPDATE
), stamp AS (
  UPDATE queue_clock c SET stamped_at = b.seen_at, stamped_by = $1
  FROM before b
  WHERE c.id AND b.seen_at - b.stamped_at <= $2 * interval '1 millisecond'
  RETURNING c.stamped_at
), mark AS (${MARK_HORIZON} AND EXISTS (SELECT FROM stamp)
)
SELECT l.leads,
  s.stamped_at IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM job_queue j WHERE j.status = 'running' AND j.lease_expires_at < s.stamped_at)
  AND NOT EXISTS (
    SELECT FROM job_batches b WHERE b.lease_token IS NOT NULL AND b.lease_expires_at < s.stamped_at)
  AS "isCalm",${DUE_COLUMNS}
FROM lead l LEFT JOIN stamp s ON true`;

/** The statement of a calm round, over all tenants. */
@Injectable()
export class CalmRoundSystemRepository {
  async round(tx: SystemTransaction, stampedBy: string): Promise<CalmRound> {
    const { rows } = await tx.query<CalmRound>(CALM_ROUND, [stampedBy, OUTAGE_MS], {
      name: 'clock-calm-round',
    });
    return rows[0];
  }
}
