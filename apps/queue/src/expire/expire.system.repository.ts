import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { UNFINISHED_JOB_COLUMNS, type UnfinishedJob } from '../job/unfinished-job.js';

const TRY_LEAD = `
SELECT pg_try_advisory_xact_lock(hashtextextended('penguinmails.queue.expiry', 0)) AS leads`;

/** A row that somebody is claiming or cancelling right now is left to them. */
const LOCK_EXPIRED = `
SELECT ${UNFINISHED_JOB_COLUMNS}
FROM job_queue j
WHERE j.status = 'pending' AND j.expires_at <= now()
ORDER BY j.expires_at
LIMIT $1
FOR UPDATE SKIP LOCKED`;

/** Statements about jobs that have waited too long, over all tenants. */
@Injectable()
export class ExpireSystemRepository {
  /** Whether this transaction leads; it does until it ends. Never waits. */
  async tryLead(tx: SystemTransaction): Promise<boolean> {
    const { rows } = await tx.query<{ leads: boolean }>(TRY_LEAD);
    return rows[0].leads;
  }

  /** Locks waiting jobs whose time is over, those that waited longest first. */
  async lockExpired(tx: SystemTransaction, limit: number): Promise<UnfinishedJob[]> {
    const { rows } = await tx.query<UnfinishedJob>(LOCK_EXPIRED, [limit]);
    return rows;
  }
}
