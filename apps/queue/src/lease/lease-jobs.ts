import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { ClaimJobs } from '../lane/claim-jobs.js';
import { assertKnownTypes } from '../job-type/assert-known-types.js';
import { lanesOf } from '../lane/lane.js';
import { JobTypes } from '../job-type/job-types.js';
import { refundsOf } from '../limit/limit-use.js';
import { LimitSystemRepository } from '../limit/limit.system.repository.js';
import { BuryMisfits } from './bury-misfits.js';
import { GrantSigner, type LeaseGrant } from './grant-signer.js';
import type { LeaseRequest } from './lease.requests.js';
import { LeaseSystemRepository } from './lease.system.repository.js';
import type { LeasedJob } from './leased-job.js';
import { ReadyJobs } from './ready-jobs.js';

/** What one claim took. Without jobs the token stands for nothing. */
export interface Lease {
  readonly leaseToken: string;
  readonly expiresAt: Date | null;
  readonly jobs: readonly LeasedJob[];
  readonly grants: readonly LeaseGrant[];
}

/** Hands ready jobs to a worker: for the length of the lease they are its own. */
@Injectable()
export class LeaseJobs {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LeaseSystemRepository,
    private readonly limits: LimitSystemRepository,
    private readonly claims: ClaimJobs,
    private readonly ready: ReadyJobs,
    private readonly types: JobTypes,
    private readonly signer: GrantSigner,
    private readonly misfits: BuryMisfits,
  ) {}

  /**
   * Waits up to `wait_ms` for the first job. Jobs claimed for a worker that hung up meanwhile are
   * given back at once: nobody would work on them until the lease ran out.
   * @throws Problem 422 `unknown_job_type`
   */
  async execute(request: LeaseRequest, abandoned: AbortSignal): Promise<Lease> {
    assertKnownTypes(request.types, this.types, 'job type');
    const leaseToken = randomUUID();
    const claimed = await this.ready.take(request.wait_ms, abandoned, {
      claim: () => this.claim(request, leaseToken),
      nextTry: () => this.claims.nextTry(request.types),
    });
    const jobs = await this.misfits.outOf(claimed, leaseToken);
    const lease = await this.lease(jobs, leaseToken);
    if (jobs.length > 0 && abandoned.aborted) return this.giveBack(jobs, leaseToken);
    countLeased(jobs);
    return lease;
  }

  private claim(request: LeaseRequest, leaseToken: string): Promise<LeasedJob[]> {
    const { types, max, worker_id: workerId } = request;
    const leaseMs = this.types.shortestLeaseMs();
    return this.claims.execute(types, max, { workerId, leaseToken, leaseMs });
  }

  /** Nothing of it was begun: the limits get back what was charged. */
  private async giveBack(jobs: readonly LeasedJob[], leaseToken: string): Promise<Lease> {
    await this.database.transaction(async (tx) => {
      const unbegun = await this.repository.giveBack(tx, jobs, leaseToken);
      await this.limits.refund(tx, refundsOf(unbegun));
    });
    this.ready.wake(lanesOf(jobs));
    return { leaseToken, expiresAt: null, jobs: [], grants: [] };
  }

  private async lease(jobs: readonly LeasedJob[], leaseToken: string): Promise<Lease> {
    const expiresAt = jobs.at(0)?.expiresAt ?? null;
    const grants = expiresAt ? await this.signer.sign(jobs, leaseToken, expiresAt) : [];
    return { leaseToken, expiresAt, jobs, grants };
  }
}

function countLeased(jobs: readonly LeasedJob[]): void {
  for (const [type, { length }] of Map.groupBy(jobs, (job) => job.type))
    counter(metrics.jobsLeased).add(length, { 'penguinmails.job.type': type });
}
