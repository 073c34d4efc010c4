import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { JobKey, UnfinishedJob } from './unfinished-job.js';
import { UNFINISHED_JOB_COLUMNS } from './unfinished-job.js';

/** A hot job that somebody wants to change, locked. */
export interface HeldJob extends UnfinishedJob {
  readonly isDue: boolean;
  /** Of send_email. */
  readonly emailId: string | null;
}

const LOCK = `
SELECT ${UNFINISHED_JOB_COLUMNS}, j.scheduled_at <= now() AS "isDue",
  j.payload->>'email_id' AS "emailId"
FROM job_queue j WHERE j.tenant_id = $1 AND j.id = $2
FOR UPDATE`;

const REQUEST_CANCEL = `
UPDATE job_queue SET cancel_requested_at = coalesce(cancel_requested_at, now())
WHERE tenant_id = $1 AND id = $2`;

const MAKE_DUE = `
UPDATE job_queue SET scheduled_at = now(), limited_by = NULL WHERE tenant_id = $1 AND id = $2`;

/** What people do with single unfinished jobs. */
@Injectable()
export class HeldJobSystemRepository {
  /** Undefined when the tenant has no unfinished job of the id. */
  async lock(tx: SystemTransaction, { tenantId, jobId }: JobKey): Promise<HeldJob | undefined> {
    const { rows } = await tx.query<HeldJob>(LOCK, [tenantId, jobId]);
    return rows.at(0);
  }

  /** The first request counts; the worker is told with its next heartbeat. */
  async requestCancel(tx: SystemTransaction, { tenantId, jobId }: JobKey): Promise<void> {
    await tx.query(REQUEST_CANCEL, [tenantId, jobId]);
  }

  /** Runs a job that waits for a later time as soon as it is its turn. */
  async makeDue(tx: SystemTransaction, { tenantId, jobId }: JobKey): Promise<void> {
    await tx.query(MAKE_DUE, [tenantId, jobId]);
  }
}
