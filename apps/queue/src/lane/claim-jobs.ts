import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { LeasedJob } from '../lease/leased-job.js';
import type { RulesOf } from '../limit/allot.js';
import { LimitBook } from '../limit/limit-book.js';
import { LimitedClaim } from '../limit/limited-claim.js';
import { ClaimRounds } from './claim-rounds.js';
import { LaneDirectory, type PlannedLane } from './lane-directory.js';
import { LaneLook } from './lane-look.js';
import { type Claimer, LaneSystemRepository } from './lane.system.repository.js';

/** Takes ready jobs out of their lanes; lanes of tenants without limits in one statement. */
@Injectable()
export class ClaimJobs extends ClaimRounds<LeasedJob> {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: LaneSystemRepository,
    directory: LaneDirectory,
    laneLook: LaneLook,
    private readonly limits: LimitBook,
    private readonly limited: LimitedClaim,
  ) {
    super(directory, laneLook);
  }

  protected idOf({ jobId }: LeasedJob): string {
    return jobId;
  }

  protected async take(planned: readonly PlannedLane[], claimer: Claimer, into: LeasedJob[]) {
    const rulesOf = await this.limits.read(planned.map(({ quota }) => quota.tenantId));
    const isLimited = ({ quota }: PlannedLane) => rulesOf(quota.tenantId).size > 0;
    const free = planned.filter((lane) => !isLimited(lane));
    const limited = planned.filter(isLimited);
    if (free.length > 0) into.push(...(await this.takeFree(free, claimer)));
    if (limited.length > 0) into.push(...(await this.takeLimited(limited, rulesOf, claimer)));
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
    this.hold(take.held);
    return take.jobs;
  }

  private settle(planned: readonly PlannedLane[], jobs: readonly LeasedJob[]): void {
    const ownOf = this.byLane(jobs);
    for (const lane of planned)
      this.directory.settle(lane, ownOf(lane).length, this.lastPlace(ownOf(lane)));
  }
}
