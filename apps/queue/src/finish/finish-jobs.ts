import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { EventWriter } from '@penguinmails/outbox';
import type { GroupEnd } from '../group/group.js';
import { GroupCount } from '../group/group-count.js';
import { countFinished } from '../job/count-finished.js';
import { deadLetterEvents } from '../job/dead-letter-event.js';
import { JobEndSystemRepository } from '../job/job-end.system.repository.js';
import { isCompletion } from '../job/outcome.js';
import { jobKeyOf } from '../job/unfinished-job.js';
import { JobTypes } from '../job-type/job-types.js';
import { lanesOf } from '../lane/lane.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { refundsOf } from '../limit/limit-use.js';
import { LimitSystemRepository } from '../limit/limit.system.repository.js';
import { deliveryEvents } from './delivery-items.js';
import { type Finish, type FinishPlan, planFinish, type ReportedFinish } from './finish-plan.js';
import type { FinishResult } from './finish-result.js';
import {
  type CompletedJobs,
  FinishSystemRepository,
  type HeldJob,
} from './finish.system.repository.js';
import { recordedDelivery } from './recorded-delivery.js';
import { withinLease } from './within-lease.js';

/** Job ids of a batch, by whether the finisher's token still counted. */
export interface FinishAnswer {
  readonly accepted: readonly string[];
  readonly refused: readonly string[];
}

/**
 * Takes the outcomes of one batch: history, tries, retries, dead letters and events in one
 * transaction. A result counts while the row still holds the finisher's token, however late it
 * comes; afterwards somebody else has the job, and it is refused without effect.
 */
@Injectable()
export class FinishJobs {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: FinishSystemRepository,
    private readonly endings: JobEndSystemRepository,
    private readonly limits: LimitSystemRepository,
    private readonly groups: GroupCount,
    private readonly events: EventWriter,
    private readonly types: JobTypes,
    private readonly ready: ReadyJobs,
  ) {}

  async execute(results: readonly FinishResult[]): Promise<FinishAnswer> {
    const counted = await this.database.transaction((tx) => this.finish(tx, results));
    return {
      accepted: results.filter((each) => counted.has(each)).map(({ job_id }) => job_id),
      refused: results.filter((each) => !counted.has(each)).map(({ job_id }) => job_id),
    };
  }

  /** Those of the results that count. */
  private async finish(
    tx: SystemTransaction,
    results: readonly FinishResult[],
  ): Promise<ReadonlySet<FinishResult>> {
    const good = results.filter(({ kind }) => isCompletion(kind));
    // Two statements lock rows below, and a heartbeat takes the same rows in one order: a mixed batch
    // does so first, else each could wait for a row that the other has.
    if (good.length > 0 && good.length < results.length)
      await this.repository.lockHeld(tx, results);
    const completed = await this.repository.complete(tx, good);
    const done = new Set(completed.flatMap((jobs) => jobs.results));
    const other = results.filter((result) => !done.has(result));
    const held = await this.repository.lockHeld(tx, other);
    const plan = planFinish(
      held,
      boundTimes(other, held),
      (type) => this.types.policyOf(type),
      Math.random,
    );
    const finishes = [...completed.flatMap((jobs) => this.completed(jobs)), ...plan.finishes];
    await this.write(tx, plan, finishes);
    tx.onCommit(() => this.afterCommit(plan, finishes));
    const decided = new Set(held.map(jobKeyOf));
    return new Set([...done, ...other.filter((result) => decided.has(keyOfResult(result)))]);
  }

  /** What is known of jobs that were completed without being decided on. */
  private completed({ results, type, attempts, groupId, finishedAt }: CompletedJobs) {
    const { reports } = this.types.policyOf(type);
    const decision = { move: 'complete', attempts, unknownOutcomes: 0 } as const;
    const finished_at = finishedAt?.toISOString();
    return results.map((result): ReportedFinish => {
      const { tenant_id: tenantId, job_id: jobId } = result;
      const job = { tenantId, jobId, type, groupId };
      const reported = finished_at === undefined ? result : { ...result, finished_at };
      return { job, result: reported, decision, reports };
    });
  }

  private async write(
    tx: SystemTransaction,
    plan: FinishPlan,
    finishes: readonly ReportedFinish[],
  ): Promise<void> {
    await this.repository.recordTries(tx, plan.tries);
    await this.repository.release(tx, plan.releases);
    await this.limits.refund(tx, refundsOfReturned(plan.finishes));
    const buried = await this.endings.end(tx, plan.ends);
    await this.groups.ended(tx, finishes.map(groupEnd));
    const deliveries = finishes.flatMap((finish) => recordedDelivery(finish) ?? []);
    const events = [...deliveryEvents(deliveries), ...deadLetterEvents(buried)];
    if (events.length > 0) await this.events.write(tx, events);
  }

  private afterCommit(plan: FinishPlan, finishes: readonly ReportedFinish[]): void {
    countFinished(finishes.map(({ job, result }) => ({ type: job.type, outcome: result.kind })));
    const atOnce = plan.finishes.filter(
      ({ decision }) => decision.move === 'return' && decision.delaySeconds === undefined,
    );
    this.ready.wake(lanesOf(atOnce.map(({ job }) => job)));
  }
}

function keyOfResult(result: FinishResult): string {
  return jobKeyOf({ tenantId: result.tenant_id, jobId: result.job_id });
}

/** Results of jobs that are held no more are left as they are: nothing comes of them. */
function boundTimes(results: readonly FinishResult[], held: readonly HeldJob[]): FinishResult[] {
  const jobs = new Map(held.map((job) => [jobKeyOf(job), job]));
  return results.map((result) => {
    const job = jobs.get(keyOfResult(result));
    return job ? withinLease(result, job) : result;
  });
}

/** What a job that ended counts in its group. */
function groupEnd({ job: { tenantId, groupId }, decision: { move } }: ReportedFinish): GroupEnd {
  const dead = Number(move === 'bury');
  const ended = Number(move === 'complete' || move === 'cancel') + dead;
  return { tenantId, groupId, ended, dead };
}

/** Jobs that were given back unbegun have used nothing of their limits. */
function refundsOfReturned(finishes: readonly Finish[]) {
  const returned = finishes.filter(({ result }) => result.kind === 'returned');
  return refundsOf(returned.map(({ job }) => ({ ...job, leasedAt: job.startedAt })));
}
