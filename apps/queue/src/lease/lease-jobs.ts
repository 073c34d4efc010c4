import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { unprocessable } from '@penguinmails/http/problem';
import { SystemDatabase } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { ClaimJobs } from '../lane/claim-jobs.js';
import { lanesOf } from '../lane/lane.js';
import { JobTypes } from '../job-type/job-types.js';
import { GrantSigner, type TenantGrant } from './grant-signer.js';
import type { LeaseRequest } from './lease.requests.js';
import { LeaseSystemRepository } from './lease.system.repository.js';
import type { LeasedJob } from './leased-job.js';
import { ReadyJobs } from './ready-jobs.js';

/** What one claim took. Without jobs the token stands for nothing. */
export interface Lease {
  readonly leaseToken: string;
  readonly expiresAt: Date | null;
  readonly jobs: readonly LeasedJob[];
  readonly grants: readonly TenantGrant[];
}

/** Hands ready jobs to a worker: for the length of the lease they are its own. */
@Injectable()
export class LeaseJobs {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LeaseSystemRepository,
    private readonly claims: ClaimJobs,
    private readonly ready: ReadyJobs,
    private readonly types: JobTypes,
    private readonly signer: GrantSigner,
  ) {}

  /**
   * Waits up to `wait_ms` for the first job. Jobs claimed for a worker that hung up meanwhile are
   * given back at once: nobody would work on them until the lease ran out.
   * @throws Problem 422 `unknown_job_type`
   */
  async execute(request: LeaseRequest, abandoned: AbortSignal): Promise<Lease> {
    this.assertKnown(request.types);
    const leaseToken = randomUUID();
    const jobs = await this.ready.take(request.wait_ms, abandoned, {
      claim: () => this.claim(request, leaseToken),
      nextTry: () => this.claims.nextTry(request.types),
    });
    if (jobs.length > 0 && abandoned.aborted) return this.giveBack(jobs, leaseToken);
    return this.lease(jobs, leaseToken);
  }

  private assertKnown(types: readonly string[]): void {
    const unknown = types.flatMap((type, at) => (this.types.has(type) ? [] : [at]));
    if (unknown.length === 0) return;
    const errors = unknown.map((at) => ({
      pointer: `/types/${at}`,
      code: 'unknown_job_type',
      detail: 'No contract declares this job type.',
    }));
    throw unprocessable(errors, 'unknown_job_type');
  }

  private claim(request: LeaseRequest, leaseToken: string): Promise<LeasedJob[]> {
    const { types, max, worker_id: workerId } = request;
    const leaseMs = this.types.shortestLeaseMs();
    return this.claims.execute(types, max, { workerId, leaseToken, leaseMs });
  }

  private async giveBack(jobs: readonly LeasedJob[], leaseToken: string): Promise<Lease> {
    await this.database.once((tx) => this.repository.giveBack(tx, jobs, leaseToken));
    this.ready.wake(lanesOf(jobs));
    return { leaseToken, expiresAt: null, jobs: [], grants: [] };
  }

  private async lease(jobs: readonly LeasedJob[], leaseToken: string): Promise<Lease> {
    const expiresAt = jobs.at(0)?.expiresAt ?? null;
    const grants = expiresAt ? await this.signer.sign(jobs, leaseToken, expiresAt) : [];
    for (const [type, { length }] of Map.groupBy(jobs, (job) => job.type))
      counter(metrics.jobsLeased).add(length, { 'penguinmails.job.type': type });
    return { leaseToken, expiresAt, jobs, grants };
  }
}
