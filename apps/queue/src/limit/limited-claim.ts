import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import type { PlannedLane } from '../lane/lane-directory.js';
import { type Claimer, LaneSystemRepository } from '../lane/lane.system.repository.js';
import type { LeasedJob } from '../lease/leased-job.js';
import { type Allotment, allot, inLockOrder, rulesOfLane, type RulesOf } from './allot.js';
import { domainRule, type DomainSplit, splitByDomain } from './domain-limits.js';
import { usesOf } from './limit-use.js';
import { LimitSystemRepository } from './limit.system.repository.js';

/** A claim under limits: what was taken, and which lanes have to wait. */
export interface LimitedTake extends Allotment {
  /** Every job that left its lane, in no order. */
  readonly taken: readonly LeasedJob[];
  /** Those of them that may run. */
  readonly jobs: readonly LeasedJob[];
}

/**
 * Claims lanes that have limits. The buckets are locked first, so two replicas cannot both spend the
 * same tokens; what is claimed and what is charged commit together.
 */
@Injectable()
export class LimitedClaim {
  constructor(
    private readonly lanes: LaneSystemRepository,
    private readonly limits: LimitSystemRepository,
  ) {}

  async take(
    tx: SystemTransaction,
    planned: readonly PlannedLane[],
    rulesOf: RulesOf,
    claimer: Claimer,
  ): Promise<LimitedTake> {
    const rules = inLockOrder(planned.flatMap((lane) => rulesOfLane(lane, rulesOf)));
    const buckets = rules.length > 0 ? await this.limits.lock(tx, rules) : [];
    const allotment = allot(planned, rulesOf, buckets);
    if (allotment.allowed.length === 0) return { ...allotment, taken: [], jobs: [] };
    const quotas = allotment.allowed.map(({ quota }) => quota);
    const taken = await this.lanes.claim(tx, quotas, claimer);
    const split = await this.splitByDomain(tx, taken, rulesOf, claimer);
    await this.limits.charge(tx, [...usesOf(split.kept.map(oneOf), rulesOf), ...split.uses]);
    return { ...allotment, taken, jobs: split.kept };
  }

  private async splitByDomain(
    tx: SystemTransaction,
    jobs: readonly LeasedJob[],
    rulesOf: RulesOf,
    { leaseToken }: Claimer,
  ): Promise<DomainSplit> {
    const rules = inLockOrder(jobs.flatMap((job) => domainRule(job, rulesOf) ?? []));
    if (rules.length === 0) return { kept: jobs, excess: [], uses: [] };
    const split = splitByDomain(jobs, rulesOf, await this.limits.lock(tx, rules));
    const waiting = split.excess.map(({ job: { tenantId, jobId }, delayMs }) => ({
      ...{ tenantId, jobId, leaseToken, delayMs },
    }));
    await this.limits.putOff(tx, waiting);
    return split;
  }
}

function oneOf({ tenantId, rateKey }: LeasedJob) {
  return { tenantId, rateKey, used: 1 };
}
