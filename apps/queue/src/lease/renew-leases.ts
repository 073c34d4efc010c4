import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { JobKey } from '../job/unfinished-job.js';
import { JobTypes } from '../job-type/job-types.js';
import { GrantSigner, type LeaseGrant } from './grant-signer.js';
import type { HeartbeatRequest } from './lease.requests.js';
import { LeaseSystemRepository } from './lease.system.repository.js';

/** What a heartbeat achieved. */
export interface Renewal {
  /** null when nothing is held any more. */
  readonly expiresAt: Date | null;
  /** Jobs that somebody else has or had meanwhile: stop working on them. */
  readonly lost: readonly string[];
  /** Jobs that somebody asked to cancel: stop, and report them as cancelled. */
  readonly cancelled: readonly string[];
  readonly grants: readonly LeaseGrant[];
}

/** Extends leases under their tokens, with fresh grants that end when the lease does. */
@Injectable()
export class RenewLeases {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LeaseSystemRepository,
    private readonly types: JobTypes,
    private readonly signer: GrantSigner,
  ) {}

  async execute({ leases }: HeartbeatRequest): Promise<Renewal> {
    const asked = leases.flatMap(({ lease_token: leaseToken, jobs }) =>
      jobs.map(({ tenant_id, id }) => ({ tenantId: tenant_id, jobId: id, leaseToken })),
    );
    const held = await this.database.once((tx) =>
      this.repository.renew(tx, asked, this.types.shortestLeaseMs()),
    );
    const kept = new Set(held.map(keyOf));
    return {
      expiresAt: held.at(0)?.expiresAt ?? null,
      lost: asked.filter((lease) => !kept.has(keyOf(lease))).map(({ jobId }) => jobId),
      cancelled: held.filter((lease) => lease.cancelRequestedAt !== null).map(({ jobId }) => jobId),
      grants: await this.signer.signAgain(held),
    };
  }
}

function keyOf({ tenantId, jobId, leaseToken }: JobKey & { leaseToken: string }): string {
  return `${tenantId}/${jobId}/${leaseToken}`;
}
