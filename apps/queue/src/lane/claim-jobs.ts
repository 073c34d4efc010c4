import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import { LimitBook } from '../limit/limit-book.js';
import { LimitedClaim } from '../limit/limited-claim.js';
import type { RulesOf } from '../limit/allot.js';
import { LaneLook } from './lane-look.js';
import type { LeasedJob } from '../lease/leased-job.js';
import { laneKey, type LanePlace } from './lane.js';
import { LaneDirectory, type PlannedLane } from './lane-directory.js';
import { type Claimer, LaneSystemRepository } from './lane.system.repository.js';

/** Statements of one claim: lanes that turn out to be short leave room for others. */
const ROUNDS = 3;

/** A limit that is used up is looked at again so soon: somebody may have raised it. */
const LONGEST_HOLD_MS = 2_000;

/**
 * Takes ready jobs out of their lanes, sharing fairly between tenants: a claim is divided equally
 * among the tenants that have something ready, so a million jobs of one delay the next one's by a
 * claim or two. Within a tenant by priority, then scheduled_at, then id.
 */
@Injectable()
export class ClaimJobs {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LaneSystemRepository,
    private readonly directory: LaneDirectory,
    private readonly laneLook: LaneLook,
    private readonly limits: LimitBook,
    private readonly limited: LimitedClaim,
  ) {}

  /**
   * Up to `max` jobs of the types, in the order in which they should run. Once a look at the index is
   * due, one claim makes it; the others go on with what is known.
   */
  async execute(types: readonly string[], max: number, claimer: Claimer): Promise<LeasedJob[]> {
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

  /**
   * What was taken is handed out even if a later statement fails: it is leased, and the next claim
   * meets the same failure.
   */
  private async claim(types: readonly string[], max: number, claimer: Claimer) {
    const jobs: LeasedJob[] = [];
    try {
      for (let round = 0; round < ROUNDS && jobs.length < max; round += 1) {
        const planned = await this.plan(types, max - jobs.length);
        if (planned.length === 0) break;
        await this.take(planned, claimer, jobs);
        if (jobs.length === 0) await this.laneLook.refresh();
      }
    } catch (error) {
      if (jobs.length === 0) throw error;
    }
    return jobs;
  }

  /** Where nothing is known, what a look shows. */
  private async plan(types: readonly string[], max: number): Promise<PlannedLane[]> {
    const planned = this.directory.plan(types, max);
    if (planned.length > 0) return planned;
    await this.laneLook.catchUp();
    return this.directory.plan(types, max);
  }

  private async take(planned: readonly PlannedLane[], claimer: Claimer, into: LeasedJob[]) {
    try {
      const rulesOf = await this.limits.read(planned.map(({ quota }) => quota.tenantId));
      const isLimited = ({ quota }: PlannedLane) => rulesOf(quota.tenantId).size > 0;
      const free = planned.filter((lane) => !isLimited(lane));
      const limited = planned.filter(isLimited);
      if (free.length > 0) into.push(...(await this.takeFree(free, claimer)));
      if (limited.length > 0) into.push(...(await this.takeLimited(limited, rulesOf, claimer)));
    } finally {
      this.directory.release(planned);
    }
  }

  private async takeFree(planned: readonly PlannedLane[], claimer: Claimer): Promise<LeasedJob[]> {
    const quotas = planned.map(({ quota }) => quota);
    const jobs = await this.database.once((tx) => this.repository.claim(tx, quotas, claimer));
    this.settle(planned, jobs);
    return jobs;
  }

  private async takeLimited(
    planned: readonly PlannedLane[],
    rulesOf: RulesOf,
    claimer: Claimer,
  ): Promise<readonly LeasedJob[]> {
    const take = await this.database.transaction((tx) =>
      this.limited.take(tx, planned, rulesOf, claimer),
    );
    this.settle(take.allowed, take.taken);
    for (const { lane, forMs } of take.held)
      this.directory.hold(lane, Math.min(forMs, LONGEST_HOLD_MS));
    return take.jobs;
  }

  private settle(planned: readonly PlannedLane[], jobs: readonly LeasedJob[]): void {
    const byLane = Map.groupBy(jobs, laneKey);
    for (const lane of planned) {
      const own = byLane.get(laneKey(lane.quota)) ?? [];
      this.directory.settle(lane, own.length, lastPlace(own));
    }
  }
}

function lastPlace(jobs: readonly LeasedJob[]): LanePlace | null {
  if (jobs.length === 0) return null;
  const last = jobs.reduce((a, b) => (inPlaceOrder(a, b) > 0 ? a : b));
  return { at: last.scheduledAt, id: last.jobId };
}

function inPlaceOrder(a: LeasedJob, b: LeasedJob): number {
  return compare(a.scheduledAt, b.scheduledAt) || compare(a.jobId, b.jobId);
}

/** UPDATE … RETURNING promises no order. */
function inClaimOrder(a: LeasedJob, b: LeasedJob): number {
  return b.priority - a.priority || inPlaceOrder(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
