import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';

/** Whether a job type runs. */
export interface QueueControl {
  readonly type: string;
  readonly paused: boolean;
  readonly reason: string | null;
  /** When it was paused; null while it runs. */
  readonly pausedAt: Date | null;
}

const COLUMNS = `job_type AS type, paused, reason,
  CASE WHEN paused THEN updated_at END AS "pausedAt"`;

const LIST = `SELECT ${COLUMNS} FROM queue_controls`;

/** A second pause changes the reason, not the time. */
const SET = `
INSERT INTO queue_controls AS c (job_type, paused, reason)
VALUES ($1, $2, $3)
ON CONFLICT (job_type) DO UPDATE SET paused = excluded.paused, reason = excluded.reason,
  row_version = c.row_version + 1,
  updated_at = CASE WHEN c.paused = excluded.paused THEN c.updated_at ELSE now() END
RETURNING ${COLUMNS}`;

/** Pauses of job types. Every claim reads the table, so a change counts from its commit on. */
@Injectable()
export class QueueControlSystemRepository {
  async list(tx: SystemTransaction): Promise<QueueControl[]> {
    return (await tx.query<QueueControl>(LIST)).rows;
  }

  async set(
    tx: SystemTransaction,
    type: string,
    paused: boolean,
    reason: string | null,
  ): Promise<QueueControl> {
    return (await tx.query<QueueControl>(SET, [type, paused, reason])).rows[0];
  }
}
