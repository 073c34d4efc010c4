import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { ProgressRequest } from './progress.requests.js';

/** No index has the column, so the row keeps its place (HOT). */
const RECORD = `
UPDATE job_queue j SET progress = $4
WHERE j.tenant_id = $1 AND j.id = $2 AND j.lease_token = $3
RETURNING j.cancel_requested_at IS NOT NULL AS cancelled`;

/** How far running jobs are. */
@Injectable()
export class ProgressSystemRepository {
  /** @returns whether it was asked to be cancelled; undefined when somebody else has the job */
  async record(tx: SystemTransaction, request: ProgressRequest): Promise<boolean | undefined> {
    const { tenant_id, job_id, lease_token, progress } = request;
    const { rows } = await tx.query<{ cancelled: boolean }>(RECORD, [
      tenant_id,
      job_id,
      lease_token,
      JSON.stringify(progress),
    ]);
    return rows.at(0)?.cancelled;
  }
}
