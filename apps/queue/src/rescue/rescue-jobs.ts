import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { deliveryEvents } from '../finish/delivery-items.js';
import { RescueBatches } from '../batch/rescue-batches.js';
import { GroupCount } from '../group/group-count.js';
import { groupEnds } from '../group/group-ends.js';
import { countFinished } from '../job/count-finished.js';
import { deadLetterEvents } from '../job/dead-letter-event.js';
import { JobEndSystemRepository } from '../job/job-end.system.repository.js';
import { jobKeyOf, type RunningJob } from '../job/unfinished-job.js';
import { JobTypes } from '../job-type/job-types.js';
import { lanesOf } from '../lane/lane.js';
import { type Due, nothingDue } from '../leader/due.js';
import { DueSystemRepository } from '../leader/due.system.repository.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { CalmRoundSystemRepository } from './calm-round.system.repository.js';
import { planRescue, type RescuePlan } from './lease-loss.js';
import { RescueSystemRepository } from './rescue.system.repository.js';

/** Jobs rescued in one transaction; more are left to the next round, which comes at once. */
const BATCH = 500;

/** What one round did. */
export interface RescueRound {
  /** False: another replica was at it, so the clock is being stamped. */
  readonly led: boolean;
  readonly outageMs: number;
  readonly rescued: number;
  /** As many leases were taken back as one transaction may: there may be others that ran out. */
  readonly more: boolean;
  /** What the leader has to start for others. */
  readonly due: Due;
}

const NOTHING = { outageMs: 0, rescued: 0, more: false } as const;
const NOT_LED: RescueRound = { ...NOTHING, led: false, due: nothingDue };

/**
 * One round: stamps the clock, adds an outage of the queue to all running leases, and only then takes
 * back what ran out. All of it is one transaction under an advisory lock, so no replica can rescue
 * between an outage and its addition. Expiry is judged at the stamp, not at the time of the
 * statement: a process that is paused between the two takes nothing that ran out while it slept.
 * Where there was no outage and nothing ran out, one statement is the whole round.
 */
@Injectable()
export class RescueJobs {
  constructor(
    private readonly database: SystemDatabase,
    private readonly calm: CalmRoundSystemRepository,
    private readonly repository: RescueSystemRepository,
    private readonly endings: JobEndSystemRepository,
    private readonly groups: GroupCount,
    private readonly batches: RescueBatches,
    private readonly events: EventWriter,
    private readonly types: JobTypes,
    private readonly ready: ReadyJobs,
    private readonly dueWork: DueSystemRepository,
  ) {}

  /** @param replica name of this process, for people who read queue_clock */
  async execute(replica: string): Promise<RescueRound> {
    const { leads, isCalm, ...due } = await this.database.once((tx) =>
      this.calm.round(tx, replica),
    );
    if (!leads) return NOT_LED;
    if (isCalm) return { ...NOTHING, led: true, due };
    return this.database.transaction((tx) => this.round(tx, replica));
  }

  private async round(tx: SystemTransaction, replica: string): Promise<RescueRound> {
    if (!(await this.repository.tryLead(tx))) return NOT_LED;
    const { stampedAt, outageMs } = await this.repository.stamp(tx, replica);
    if (outageMs > 0) await this.repository.extendAll(tx, outageMs);
    const expired = await this.repository.lockExpired(tx, stampedAt, BATCH);
    if (expired.length > 0) await this.rescue(tx, expired, stampedAt);
    const batches = await this.batches.round(tx, stampedAt, outageMs);
    const rescued = expired.length + batches.rescued;
    const more = expired.length === BATCH || batches.more;
    return { led: true, outageMs, rescued, more, due: await this.dueWork.look(tx) };
  }

  private async rescue(
    tx: SystemTransaction,
    expired: readonly RunningJob[],
    now: Date,
  ): Promise<void> {
    const plan = planRescue(expired, (type) => this.types.policyOf(type), now);
    await this.repository.loseLeases(tx, plan.released);
    const buried = await this.endings.end(tx, plan.ended);
    await this.groups.ended(tx, groupEnds(plan.ended, expired));
    const events = [...deliveryEvents(plan.deliveries), ...deadLetterEvents(buried)];
    if (events.length > 0) await this.events.write(tx, events);
    tx.onCommit(() => this.afterCommit(expired, plan));
  }

  private afterCommit(expired: readonly RunningJob[], { ended }: RescuePlan): void {
    const types = new Map(expired.map((job) => [jobKeyOf(job), job.type]));
    countFinished(ended.map((end) => ({ type: types.get(jobKeyOf(end))!, outcome: end.outcome })));
    for (const { type } of expired)
      counter(metrics.leaseExpiries).add(1, { 'penguinmails.job.type': type });
    this.ready.wake(lanesOf(expired));
  }
}
