import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { assertKnownTypes } from '../job-type/assert-known-types.js';
import { lanesOf } from '../lane/lane.js';
import { GrantSigner, type LeaseGrant } from '../lease/grant-signer.js';
import { refundsOf } from '../limit/limit-use.js';
import { LimitSystemRepository } from '../limit/limit.system.repository.js';
import type { BatchLeaseRequest } from './batch-lease.requests.js';
import { BatchLeaseSystemRepository } from './batch-lease.system.repository.js';
import { BatchTypes } from './batch-types.js';
import { ClaimBatches } from './claim-batches.js';
import { grantedBatch } from './granted-batch.js';
import type { LeasedBatch } from './leased-batch.js';
import { ReadyBatches } from './ready-batches.js';

/** What one claim took. Without batches the token stands for nothing. */
export interface BatchLease {
  readonly leaseToken: string;
  readonly expiresAt: Date | null;
  readonly batches: readonly LeasedBatch[];
  readonly grants: readonly LeaseGrant[];
}

/** Hands ready batches to a worker: for the length of the lease they are its own. */
@Injectable()
export class LeaseBatches {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: BatchLeaseSystemRepository,
    private readonly limits: LimitSystemRepository,
    private readonly claims: ClaimBatches,
    private readonly ready: ReadyBatches,
    private readonly types: BatchTypes,
    private readonly signer: GrantSigner,
  ) {}

  /**
   * Waits up to `wait_ms` for the first batch. What was claimed for a worker that hung up meanwhile is
   * given back at once.
   * @throws Problem 422 `unknown_job_type`
   */
  async execute(request: BatchLeaseRequest, abandoned: AbortSignal): Promise<BatchLease> {
    assertKnownTypes(request.types, this.types, 'type of batches');
    const { types, max, worker_id: workerId } = request;
    const claimer = { workerId, leaseToken: randomUUID(), leaseMs: this.types.shortestLeaseMs() };
    const batches = await this.ready.take(request.wait_ms, abandoned, {
      claim: () => this.claims.execute(types, max, claimer),
      nextTry: () => this.claims.nextTry(types),
    });
    const lease = await this.lease(batches, claimer.leaseToken);
    if (batches.length > 0 && abandoned.aborted) return this.giveBack(batches, claimer.leaseToken);
    for (const { type } of batches)
      counter(metrics.jobsLeased).add(1, { 'penguinmails.job.type': type });
    return lease;
  }

  /** Nothing of it was sent: the limits get back what was charged. */
  private async giveBack(batches: readonly LeasedBatch[], leaseToken: string): Promise<BatchLease> {
    const unused = batches.map((batch) => ({ ...batch, used: batch.leaseTo - batch.resumeAt }));
    const claims = batches.map((batch) => ({ ...batch, leaseToken }));
    await this.database.transaction(async (tx: SystemTransaction) => {
      await this.repository.giveBack(tx, claims);
      await this.limits.refund(tx, refundsOf(unused));
    });
    this.ready.wake(lanesOf(batches));
    return { leaseToken, expiresAt: null, batches: [], grants: [] };
  }

  private async lease(batches: readonly LeasedBatch[], leaseToken: string): Promise<BatchLease> {
    const expiresAt = batches.at(0)?.expiresAt ?? null;
    const grants = expiresAt
      ? await this.signer.sign(batches.map(grantedBatch), leaseToken, expiresAt)
      : [];
    return { leaseToken, expiresAt, batches, grants };
  }
}
