import { Controller } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { GroupCount } from '../group/group-count.js';
import { groupEnds } from '../group/group-ends.js';
import { countFinished } from '../job/count-finished.js';
import type { JobEnd } from '../job/job-end.js';
import { JobEndSystemRepository } from '../job/job-end.system.repository.js';
import { nextStatus } from '../job/job.js';
import type { UnfinishedJob } from '../job/unfinished-job.js';
import { EnqueueSystemRepository } from './enqueue.system.repository.js';

/**
 * Takes the jobs of withdrawn e-mails out, unless they run: a running one has either begun, or oltp
 * refuses its begin, and the worker then reports it as cancelled.
 */
@Controller()
export class OnEmailWithdrawn {
  constructor(
    private readonly jobs: EnqueueSystemRepository,
    private readonly endings: JobEndSystemRepository,
    private readonly groups: GroupCount,
  ) {}

  @HandlesEvent('penguinmails.email.withdrawn.v1', { login: 'system' })
  async handle(
    events: ReceivedEvent<'penguinmails.email.withdrawn.v1'>[],
    tx: SystemTransaction,
  ): Promise<void> {
    const keys = events.map(({ tenantId, data }) => ({ tenantId, jobId: data.email_id }));
    const waiting = await this.jobs.lockWaiting(tx, keys);
    const ends = waiting.map(cancelled);
    await this.endings.end(tx, ends);
    await this.groups.ended(tx, groupEnds(ends, waiting));
    tx.onCommit(() => countFinished(waiting.map(({ type }) => ({ type, outcome: 'cancelled' }))));
  }
}

function cancelled(job: UnfinishedJob): JobEnd {
  nextStatus('ready', 'cancel');
  return {
    tenantId: job.tenantId,
    jobId: job.jobId,
    status: 'cancelled',
    outcome: 'cancelled',
    attempts: job.attempts,
    leaseLosses: job.leaseLosses,
    errorCode: null,
    errorMessage: null,
  };
}
