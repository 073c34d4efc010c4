import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { counter, metrics } from '@penguinmails/observability';
import { EventWriter } from '@penguinmails/outbox';
import { deadLetterEvents } from '../job/dead-letter-event.js';
import { JobEndSystemRepository } from '../job/job-end.system.repository.js';
import { JobTypes } from '../job-type/job-types.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { deliveryEvents } from './delivery-items.js';
import { type Finish, type FinishPlan, keyOf, planFinish } from './finish-plan.js';
import type { FinishResult } from './finish-result.js';
import { FinishSystemRepository } from './finish.system.repository.js';
import { recordedDelivery } from './recorded-delivery.js';

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
    private readonly events: EventWriter,
    private readonly types: JobTypes,
    private readonly ready: ReadyJobs,
  ) {}

  async execute(results: readonly FinishResult[]): Promise<FinishAnswer> {
    const finishes = await this.database.transaction((tx) => this.finish(tx, results));
    const held = new Set(finishes.map(({ job }) => keyOf(job)));
    const isHeld = (result: FinishResult) =>
      held.has(keyOf({ tenantId: result.tenant_id, jobId: result.job_id }));
    return {
      accepted: results.filter(isHeld).map((result) => result.job_id),
      refused: results.filter((result) => !isHeld(result)).map((result) => result.job_id),
    };
  }

  private async finish(
    tx: SystemTransaction,
    results: readonly FinishResult[],
  ): Promise<readonly Finish[]> {
    const held = await this.repository.lockHeld(tx, results);
    if (held.length === 0) return [];
    const plan = planFinish(held, results, (type) => this.types.get(type), Math.random);
    await this.write(tx, plan);
    tx.onCommit(() => this.afterCommit(plan));
    return plan.finishes;
  }

  private async write(tx: SystemTransaction, plan: FinishPlan): Promise<void> {
    await this.repository.recordTries(tx, plan.tries);
    await this.repository.release(tx, plan.releases);
    const buried = await this.endings.end(tx, plan.ends);
    const deliveries = plan.finishes.flatMap((finish) => recordedDelivery(finish) ?? []);
    const events = [...deliveryEvents(deliveries), ...deadLetterEvents(buried)];
    if (events.length > 0) await this.events.write(tx, events);
  }

  private afterCommit({ finishes, releases }: FinishPlan): void {
    for (const { job, result } of finishes)
      counter(metrics.jobsFinished).add(1, {
        'penguinmails.job.type': job.type,
        outcome: result.kind,
      });
    if (releases.some(({ delaySeconds }) => delaySeconds === null)) this.ready.wake();
  }
}
