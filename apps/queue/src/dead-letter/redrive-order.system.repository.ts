import { Injectable } from '@nestjs/common';
import { PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';

/** The type of the job that redrives by a filter, batch after batch. */
export const REDRIVE_TYPE = 'dead_letters_redrive';

/** The key of an order: which request it was (`request`), and what it asked for. */
export interface OrderKey {
  readonly request: string;
  readonly body: string;
}

const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))';

const FIND = `
SELECT dedupe_key AS key, job_id AS "jobId" FROM dedupe_keys
WHERE tenant_id = $1 AND job_type = $2 AND dedupe_key LIKE $3 || ':%' AND expires_at > now()`;

/** As long as an Idempotency-Key counts. */
const REMEMBER = `
INSERT INTO dedupe_keys (tenant_id, job_type, dedupe_key, job_id, expires_at)
VALUES ($1, $2, $3, $4, now() + interval '24 hours')
ON CONFLICT (tenant_id, job_type, dedupe_key)
DO UPDATE SET job_id = excluded.job_id, expires_at = excluded.expires_at`;

/** Orders of redriving, as jobs of the platform's tenant. */
@Injectable()
export class RedriveOrderSystemRepository {
  /** What an earlier order of this request asked for, and its job; two at once wait for each other. */
  async findEarlier(
    tx: SystemTransaction,
    { request }: OrderKey,
  ): Promise<{ readonly body: string; readonly jobId: string } | undefined> {
    await tx.query(LOCK, [`redrive ${request}`]);
    const { rows } = await tx.query<{ key: string; jobId: string }>(FIND, [
      PLATFORM_TENANT_ID,
      REDRIVE_TYPE,
      request,
    ]);
    const [earlier] = rows;
    return earlier && { body: earlier.key.slice(request.length + 1), jobId: earlier.jobId };
  }

  async remember(tx: SystemTransaction, { request, body }: OrderKey, jobId: string): Promise<void> {
    const key = `${request}:${body}`;
    await tx.query(REMEMBER, [PLATFORM_TENANT_ID, REDRIVE_TYPE, key, jobId]);
  }
}
