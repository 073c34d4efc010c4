import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { ClaimRounds } from '../lane/claim-rounds.js';
import type { PlannedLane } from '../lane/lane-directory.js';
import type { Claimer } from '../lane/lane.system.repository.js';
import { inLockOrder, rulesOfLane, type RulesOf } from '../limit/allot.js';
import { LimitBook } from '../limit/limit-book.js';
import { LimitSystemRepository } from '../limit/limit.system.repository.js';
import { allotBatches, type BatchAllotment, usesOfBatches } from './batch-allot.js';
import { BatchLaneSystemRepository } from './batch-lane.system.repository.js';
import type { LeasedBatch } from './leased-batch.js';
import { BatchDirectory, BatchLook } from './ready-batches.js';

/** After a lane took all that its limits had: so that the next lease is for more than one recipient. */
const USED_UP_HOLD_MS = 1_000;

interface Take extends BatchAllotment {
  readonly batches: readonly LeasedBatch[];
}

/** Takes ready batches out of their lanes; limits count recipients. */
@Injectable()
export class ClaimBatches extends ClaimRounds<LeasedBatch> {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: BatchLaneSystemRepository,
    directory: BatchDirectory,
    laneLook: BatchLook,
    private readonly limitBook: LimitBook,
    private readonly limits: LimitSystemRepository,
  ) {
    super(directory, laneLook);
  }

  protected idOf({ batchId }: LeasedBatch): string {
    return batchId;
  }

  protected async take(planned: readonly PlannedLane[], claimer: Claimer, into: LeasedBatch[]) {
    const rulesOf = await this.limitBook.read(planned.map(({ quota }) => quota.tenantId));
    const isLimited = planned.some((lane) => rulesOfLane(lane, rulesOf).length > 0);
    const work = (tx: SystemTransaction) => this.takeOf(tx, planned, rulesOf, claimer);
    const take = await (isLimited ? this.database.transaction(work) : this.database.once(work));
    this.settle(take);
    into.push(...take.batches);
  }

  /** The buckets are locked first; what is claimed and what is charged commit together. */
  private async takeOf(
    tx: SystemTransaction,
    planned: readonly PlannedLane[],
    rulesOf: RulesOf,
    claimer: Claimer,
  ): Promise<Take> {
    const rules = inLockOrder(planned.flatMap((lane) => rulesOfLane(lane, rulesOf)));
    const buckets = rules.length > 0 ? await this.limits.lock(tx, rules) : [];
    const allotment = allotBatches(planned, rulesOf, buckets);
    if (allotment.allowed.length === 0) return { ...allotment, batches: [] };
    const quotas = allotment.allowed.map(({ lane, recipients }) => ({ ...lane.quota, recipients }));
    const batches = await this.repository.claim(tx, quotas, claimer);
    await this.limits.charge(tx, usesOfBatches(batches, rulesOf));
    return { ...allotment, batches };
  }

  /** A lane that took all it was allowed was not read to its end. */
  private settle({ allowed, held, batches }: Take): void {
    const ownOf = this.byLane(batches);
    for (const { lane, recipients } of allowed) {
      const own = ownOf(lane);
      const used = own.reduce((sum, { resumeAt, leaseTo }) => sum + leaseTo - resumeAt, 0);
      const isUsedUp = used >= recipients;
      const taken = isUsedUp ? lane.quota.most : own.length;
      this.directory.settle(lane, taken, this.lastPlace(own), isUsedUp ? USED_UP_HOLD_MS : 0);
    }
    this.hold(held);
  }
}
