import { Injectable } from '@nestjs/common';
import { newId } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import type { JobKey } from '../job/unfinished-job.js';
import { DELIVERY_TYPES } from '../job-type/reports-delivery.js';
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
 * Letter → job, in one statement: the letter stays and says what became of it, the job says where it
 * comes from. Jobs of a group were counted as dead and are not counted again.
 *
 * Its tries start anew under an id of its own, except those of an e-mail: a job has the id of its
 * e-mail, and oltp takes no number twice. It goes on after the last try, one that a lost lease left
 * unreported included, with as many tries to come as it had each time.
 */
const redriveStatement = (parts: {
  readonly condition: string;
  readonly lock: string;
  readonly ids: string;
  readonly most: string;
  readonly deliveryTypes: string;
}): string => `
WITH chosen AS (
  SELECT d.* FROM dead_letters d
  WHERE d.redriven_at IS NULL AND ${parts.condition}
  ORDER BY d.died_at, d.id DESC
  LIMIT ${parts.most}
  ${parts.lock}
), typed AS (
  SELECT c.*, c.job_type = ANY (${parts.deliveryTypes}::text[]) AS is_email,
    (${parts.ids}::uuid[])[row_number() OVER ()] AS free_id
  FROM chosen c
), renamed AS (
  SELECT t.*, CASE WHEN is_email THEN job_id ELSE free_id END AS new_id,
    CASE WHEN is_email THEN attempts + (outcome = 'lease_lost')::int ELSE 0 END AS tried,
    greatest(1, CASE WHEN is_email THEN max_attempts / (redrives + 1) ELSE max_attempts END)
      AS to_come
  FROM typed t
), enqueued AS (
  INSERT INTO job_queue (tenant_id, id, job_type, queue, payload, priority, attempts, max_attempts,
    rate_key, domain_key, correlation_id, redriven_from, root_job_id, redrives)
  SELECT tenant_id, new_id, job_type, queue, payload, priority, tried, tried + to_come,
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
    const deliveryTypes = bind(DELIVERY_TYPES);
    const text = redriveStatement({ condition, lock, ids, most: bind(limit), deliveryTypes });
    return (await tx.query<Redriven>(text, values)).rows;
  }
}
