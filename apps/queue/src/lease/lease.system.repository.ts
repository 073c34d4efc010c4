import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { inLockOrder, type JobKey } from '../job/unfinished-job.js';
import type { Unbegun } from '../limit/limit-use.js';
import type { HeldLease } from './leased-job.js';

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
WHERE j.tenant_id = r.tenant_id AND j.id = r.id AND j.lease_token = r.lease_token
RETURNING j.tenant_id AS "tenantId", j.rate_key AS "rateKey", j.domain_key AS "domainKey",
  j.started_at AS "leasedAt"`;

/** Statements about leases, over all tenants. */
@Injectable()
export class LeaseSystemRepository {
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
  ): Promise<Unbegun[]> {
    const { rows } = await tx.query<Unbegun>(GIVE_BACK, [
      jobs.map((job) => job.tenantId),
      jobs.map((job) => job.jobId),
      jobs.map(() => leaseToken),
    ]);
    return rows;
  }
}
