import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import type { JobKey } from '../job/unfinished-job.js';
import {
  type Bind,
  boundValues,
  type DeadLetterFilter,
  letterConditions,
} from './dead-letter-filter.js';

/** A letter and the job it became. */
export interface Redriven {
  readonly dead_letter_id: string;
  readonly job_id: string;
}

/**
 * Letter → new job, in one statement: the letter stays and says what became of it, the job says where it
 * comes from. Its tries start anew. Jobs of a group were counted as dead and are not counted again.
 */
const redriveStatement = (condition: string, lock: string, ids: string, most: string): string => `
WITH chosen AS (
  SELECT d.* FROM dead_letters d
  WHERE d.redriven_at IS NULL AND ${condition}
  ORDER BY d.died_at, d.id DESC
  LIMIT ${most}
  ${lock}
), renamed AS (
  SELECT c.*, (${ids}::uuid[])[row_number() OVER ()] AS new_id FROM chosen c
), enqueued AS (
  INSERT INTO job_queue (tenant_id, id, job_type, queue, payload, priority, max_attempts, rate_key,
    domain_key, correlation_id, redriven_from, root_job_id, redrives)
  SELECT tenant_id, new_id, job_type, queue, payload, priority, greatest(max_attempts, 1),
    coalesce(rate_key, ''), domain_key, correlation_id, job_id, coalesce(root_job_id, job_id),
    redrives + 1
  FROM renamed
)
UPDATE dead_letters d SET redriven_at = now(), redriven_as = r.new_id
FROM renamed r WHERE d.tenant_id = r.tenant_id AND d.id = r.id
RETURNING d.id AS dead_letter_id, r.new_id AS job_id`;

/** Makes new jobs of dead letters. Two at the same letter at the same time make one job of it. */
@Injectable()
export class RedriveSystemRepository {
  /** The oldest that fit, except those that somebody else is redriving right now. */
  async redrive(tx: SystemTransaction, filter: DeadLetterFilter, limit: number) {
    const { values, bind } = boundValues();
    const condition = ['TRUE', ...letterConditions(filter, bind)].join(' AND ');
    return this.run(tx, condition, 'FOR UPDATE SKIP LOCKED', limit, values, bind);
  }

  /** The letter of one dead job; waits for somebody who is at it. None: there is no such letter. */
  async redriveJob(tx: SystemTransaction, { tenantId, jobId }: JobKey): Promise<Redriven[]> {
    const { values, bind } = boundValues();
    const condition = `d.tenant_id = ${bind(tenantId)} AND d.job_id = ${bind(jobId)}`;
    return this.run(tx, condition, 'FOR UPDATE', 1, values, bind);
  }

  /** The job that a dead job was redriven as last; undefined: it was not. */
  async redrivenAs(tx: SystemTransaction, key: JobKey): Promise<string | undefined> {
    const { rows } = await tx.query<{ id: string }>(
      `SELECT redriven_as AS id FROM dead_letters
       WHERE tenant_id = $1 AND job_id = $2 AND redriven_as IS NOT NULL
       ORDER BY redriven_at DESC LIMIT 1`,
      [key.tenantId, key.jobId],
    );
    return rows.at(0)?.id;
  }

  private async run(
    tx: SystemTransaction,
    condition: string,
    lock: string,
    limit: number,
    values: readonly unknown[],
    bind: Bind,
  ): Promise<Redriven[]> {
    const ids = bind(Array.from({ length: limit }, () => newId()));
    const text = redriveStatement(condition, lock, ids, bind(limit));
    return (await tx.query<Redriven>(text, values)).rows;
  }
}
