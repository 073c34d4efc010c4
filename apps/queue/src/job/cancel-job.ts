import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { conflict } from '@penguinmails/http/problem';
import { EventWriter } from '@penguinmails/outbox';
import { deliveryEvents } from '../finish/delivery-items.js';
import { GroupCount } from '../group/group-count.js';
import { groupEnds } from '../group/group-ends.js';
import { cancelledDelivery, cancelledEnd } from './cancelled-job.js';
import { countFinished } from './count-finished.js';
import { GetJob } from './get-job.js';
import { type HeldJob, HeldJobSystemRepository } from './held-job.system.repository.js';
import { JobEndSystemRepository } from './job-end.system.repository.js';
import type { JobDetails } from './job-resource.js';

/** Takes a job of the tenant out: at once while it waits, as soon as its worker hears of it otherwise. */
@Injectable()
export class CancelJob {
  constructor(
    private readonly database: SystemDatabase,
    private readonly held: HeldJobSystemRepository,
    private readonly endings: JobEndSystemRepository,
    private readonly groups: GroupCount,
    private readonly events: EventWriter,
    private readonly jobs: GetJob,
  ) {}

  /**
   * @returns the job, `cancelled`, or still `running` with `cancel_requested_at`
   * @throws Problem 404, 409 `job_not_cancellable` for one that has ended
   */
  async execute(tenantId: string, jobId: string): Promise<JobDetails> {
    const isChanged = await this.database.transaction(async (tx) => {
      const job = await this.held.lock(tx, { tenantId, jobId });
      if (job?.leasedBy === null) await this.end(tx, job);
      else if (job) await this.held.requestCancel(tx, job);
      return job !== undefined;
    });
    const job = await this.jobs.execute(tenantId, jobId);
    if (isChanged) return job;
    throw conflict('job_not_cancellable', `A job that is ${job.status} cannot be cancelled.`);
  }

  private async end(tx: SystemTransaction, job: HeldJob): Promise<void> {
    const end = cancelledEnd(job);
    await this.endings.end(tx, [end]);
    await this.groups.ended(tx, groupEnds([end], [job]));
    const deliveries = cancelledDelivery(job, new Date());
    if (deliveries.length > 0) await this.events.write(tx, deliveryEvents(deliveries));
    tx.onCommit(() => countFinished([{ type: job.type, outcome: end.outcome }]));
  }
}
