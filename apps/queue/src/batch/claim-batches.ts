import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { laneKey, type LanePlace } from '../lane/lane.js';
import type { PlannedLane } from '../lane/lane-directory.js';
import type { Claimer } from '../lane/lane.system.repository.js';
import { inLockOrder, rulesOfLane, type RulesOf } from '../limit/allot.js';
import { LimitBook } from '../limit/limit-book.js';
import { LimitSystemRepository } from '../limit/limit.system.repository.js';
import { allotBatches, type BatchAllotment, usesOfBatches } from './batch-allot.js';
import { BatchLaneSystemRepository } from './batch-lane.system.repository.js';
import type { LeasedBatch } from './leased-batch.js';
import { BatchDirectory, BatchLook } from './ready-batches.js';

/** Statements of one claim: lanes that turn out to be short leave room for others. */
const ROUNDS = 3;
/** A limit that is used up is looked at again so soon: somebody may have raised it. */
const LONGEST_HOLD_MS = 2_000;
/** After a lane took all that its limits had: so that the next lease is for more than one recipient. */
const USED_UP_HOLD_MS = 1_000;

interface Take extends BatchAllotment {
  readonly batches: readonly LeasedBatch[];
}

/**
 * Takes ready batches out of their lanes as ClaimJobs takes jobs: in equal shares for the tenants,
 * within a tenant by priority, then scheduled_at, then id. Limits count recipients.
 */
@Injectable()
export class ClaimBatches {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: BatchLaneSystemRepository,
    private readonly directory: BatchDirectory,
    private readonly laneLook: BatchLook,
    private readonly limitBook: LimitBook,
    private readonly limits: LimitSystemRepository,
  ) {}

  /** Up to `max` batches of the types, in the order in which they should run. */
  async execute(types: readonly string[], max: number, claimer: Claimer): Promise<LeasedBatch[]> {
    const [claimed, looked] = await Promise.allSettled([
      this.claim(types, max, claimer),
      this.laneLook.ifDue(),
    ]);
    if (claimed.status === 'rejected') throw claimed.reason;
    if (looked.status === 'rejected' && claimed.value.length === 0) throw looked.reason;
    return claimed.value.sort(inClaimOrder);
  }

  /** When a claim may find something without a sign (ms, monotonic). */
  nextTry(types: readonly string[]): number {
    return Math.min(this.directory.nextOpening(types), this.laneLook.nextAt());
  }

  /** What was taken is handed out even if a later statement fails: it is leased. */
  private async claim(types: readonly string[], max: number, claimer: Claimer) {
    const batches: LeasedBatch[] = [];
    try {
      for (let round = 0; round < ROUNDS && batches.length < max; round += 1) {
        const planned = await this.plan(types, max - batches.length);
        if (planned.length === 0) break;
        batches.push(...(await this.take(planned, claimer)));
      }
    } catch (error) {
      if (batches.length === 0) throw error;
    }
    return batches;
  }

  /** Where nothing is known, what a look shows. */
  private async plan(types: readonly string[], max: number): Promise<PlannedLane[]> {
    const planned = this.directory.plan(types, max);
    if (planned.length > 0) return planned;
    await this.laneLook.catchUp();
    return this.directory.plan(types, max);
  }

  private async take(planned: readonly PlannedLane[], claimer: Claimer) {
    try {
      const rulesOf = await this.limitBook.read(planned.map(({ quota }) => quota.tenantId));
      const isLimited = planned.some((lane) => rulesOfLane(lane, rulesOf).length > 0);
      const work = (tx: SystemTransaction) => this.takeOf(tx, planned, rulesOf, claimer);
      const take = await (isLimited ? this.database.transaction(work) : this.database.once(work));
      this.settle(take);
      return take.batches;
    } finally {
      this.directory.release(planned);
    }
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
    const byLane = Map.groupBy(batches, laneKey);
    for (const { lane, recipients } of allowed) {
      const own = byLane.get(laneKey(lane.quota)) ?? [];
      const used = own.reduce((sum, { resumeAt, leaseTo }) => sum + leaseTo - resumeAt, 0);
      const isUsedUp = used >= recipients;
      const taken = isUsedUp ? lane.quota.most : own.length;
      this.directory.settle(lane, taken, lastPlace(own), isUsedUp ? USED_UP_HOLD_MS : 0);
    }
    for (const { lane, forMs } of held) this.directory.hold(lane, Math.min(forMs, LONGEST_HOLD_MS));
  }
}

function lastPlace(batches: readonly LeasedBatch[]): LanePlace | null {
  if (batches.length === 0) return null;
  const last = batches.reduce((a, b) => (inPlaceOrder(a, b) > 0 ? a : b));
  return { at: last.scheduledAt, id: last.batchId };
}

function inPlaceOrder(a: LeasedBatch, b: LeasedBatch): number {
  return compare(a.scheduledAt, b.scheduledAt) || compare(a.batchId, b.batchId);
}

/** UPDATE … RETURNING promises no order. */
function inClaimOrder(a: LeasedBatch, b: LeasedBatch): number {
  return b.priority - a.priority || inPlaceOrder(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
