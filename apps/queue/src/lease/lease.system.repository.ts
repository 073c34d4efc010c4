import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { inLockOrder, type JobKey } from '../job/unfinished-job.js';
import type { ClaimRequest, HeldLease, LeasedJob } from './leased-job.js';

/**
 * The claim: the first ready jobs that nobody else is claiming right now, in one statement. Types
 * that are paused stay where they are. $4 is the lease in milliseconds, by the database's clock.
 */
const CLAIM = `
WITH next AS (
  SELECT tenant_id, id FROM job_queue
  WHERE status = 'pending' AND scheduled_at <= now() AND job_type = ANY($1::text[])
    AND job_type NOT IN (SELECT c.job_type FROM queue_controls c WHERE c.paused)
  ORDER BY priority DESC, scheduled_at, id
  LIMIT $2
  FOR UPDATE SKIP LOCKED
)
UPDATE job_queue j
SET status = 'running', started_at = now(), lease_token = $3,
  lease_expires_at = now() + $4 * interval '1 millisecond', leased_by = $5
FROM next n
WHERE j.tenant_id = n.tenant_id AND j.id = n.id
RETURNING j.tenant_id AS "tenantId", j.id AS "jobId", j.job_type AS type, j.payload,
  j.priority, j.scheduled_at AS "scheduledAt", j.attempts + 1 AS attempt,
  j.correlation_id AS "correlationId", j.traceparent, j.created_at AS "createdAt",
  j.lease_expires_at AS "expiresAt"`;

const RENEW = `
UPDATE job_queue j SET lease_expires_at = now() + $4 * interval '1 millisecond'
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS h(tenant_id, id, lease_token)
WHERE j.tenant_id = h.tenant_id AND j.id = h.id AND j.lease_token = h.lease_token
RETURNING j.tenant_id AS "tenantId", j.id AS "jobId", j.payload,
  j.lease_token AS "leaseToken", j.lease_expires_at AS "expiresAt",
  j.cancel_requested_at AS "cancelRequestedAt"`;

const GIVE_BACK = `
UPDATE job_queue j
SET status = 'pending', lease_token = NULL, lease_expires_at = NULL, leased_by = NULL
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS r(tenant_id, id, lease_token)
WHERE j.tenant_id = r.tenant_id AND j.id = r.id AND j.lease_token = r.lease_token`;

/** Statements about leases, over all tenants. */
@Injectable()
export class LeaseSystemRepository {
  /** Gives up to `max` ready jobs to the claimer, in the order in which they should run. */
  async claim(tx: SystemTransaction, request: ClaimRequest): Promise<LeasedJob[]> {
    const { types, max, leaseToken, leaseMs, workerId } = request;
    const { rows } = await tx.query<LeasedJob>(CLAIM, [types, max, leaseToken, leaseMs, workerId], {
      name: 'jobs-claim',
    });
    return rows.sort(inClaimOrder);
  }

  /** Extends the leases that are still held under their token; the others are not answered. */
  async renew(
    tx: SystemTransaction,
    held: readonly (JobKey & { leaseToken: string })[],
    leaseMs: number,
  ): Promise<HeldLease[]> {
    const ordered = inLockOrder(held);
    const { rows } = await tx.query<HeldLease>(RENEW, [
      ordered.map((lease) => lease.tenantId),
      ordered.map((lease) => lease.jobId),
      ordered.map((lease) => lease.leaseToken),
      leaseMs,
    ]);
    return rows;
  }

  /** Makes jobs ready again that were claimed under the token and reached nobody. */
  async giveBack(
    tx: SystemTransaction,
    jobs: readonly JobKey[],
    leaseToken: string,
  ): Promise<void> {
    await tx.query(GIVE_BACK, [
      jobs.map((job) => job.tenantId),
      jobs.map((job) => job.jobId),
      jobs.map(() => leaseToken),
    ]);
  }
}

/** UPDATE … RETURNING promises no order. */
function inClaimOrder(a: LeasedJob, b: LeasedJob): number {
  return (
    b.priority - a.priority ||
    a.scheduledAt.getTime() - b.scheduledAt.getTime() ||
    (a.jobId < b.jobId ? -1 : 1)
  );
}
