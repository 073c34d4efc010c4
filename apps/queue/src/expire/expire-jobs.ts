import { Injectable } from '@nestjs/common';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import { EventWriter } from '@penguinmails/outbox';
import { deliveryEvents } from '../finish/delivery-items.js';
import { GroupCount } from '../group/group-count.js';
import { groupEnds } from '../group/group-ends.js';
import { countFinished } from '../job/count-finished.js';
import { JobEndSystemRepository } from '../job/job-end.system.repository.js';
import type { UnfinishedJob } from '../job/unfinished-job.js';
import { JobTypes } from '../job-type/job-types.js';
import { EXPIRED, expiredDelivery, expiredEnd } from './expired-job.js';
import { ExpireSystemRepository } from './expire.system.repository.js';

/** Jobs of one transaction. */
const BATCH = 500;

/**
 * Ends jobs that waited longer than they may. The claim leaves them out from that moment on; this is
 * what moves them to history and tells oltp. One replica at a time.
 */
@Injectable()
export class ExpireJobs {
  constructor(
    private readonly database: SystemDatabase,
    private readonly repository: ExpireSystemRepository,
    private readonly endings: JobEndSystemRepository,
    private readonly groups: GroupCount,
    private readonly events: EventWriter,
    private readonly types: JobTypes,
  ) {}

  /**
   * Batch by batch until none is left, or until `stop`: a million of them last longer than a process that
   * has to go.
   * @returns how many have expired
   */
  async execute(stop?: AbortSignal): Promise<number> {
    let all = 0;
    for (let some = BATCH; some === BATCH && !stop?.aborted; all += some)
      some = await this.database.transaction((tx) => this.expireSome(tx));
    return all;
  }

  private async expireSome(tx: SystemTransaction): Promise<number> {
    if (!(await this.repository.tryLead(tx))) return 0;
    const jobs = await this.repository.lockExpired(tx, BATCH);
    if (jobs.length > 0) await this.end(tx, jobs);
    return jobs.length;
  }

  private async end(tx: SystemTransaction, jobs: readonly UnfinishedJob[]): Promise<void> {
    const ends = jobs.map(expiredEnd);
    await this.endings.end(tx, ends);
    await this.groups.ended(tx, groupEnds(ends, jobs));
    const told = jobs.filter(({ type }) => this.types.policyOf(type).reports === 'delivery');
    const now = new Date();
    const events = deliveryEvents(told.map((job) => expiredDelivery(job, now)));
    if (events.length > 0) await this.events.write(tx, events);
    tx.onCommit(() => countFinished(jobs.map(({ type }) => ({ type, outcome: EXPIRED }))));
  }
}
