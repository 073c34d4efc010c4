import { Controller } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { bornAfter } from '../job/born-after.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { EnqueueSystemRepository } from './enqueue.system.repository.js';
import { announceJobs } from './announce-jobs.js';
import { sendEmailJob } from './new-job.js';

/** Every accepted e-mail becomes one job, however often the event comes. */
@Controller()
export class OnEmailAccepted {
  constructor(
    private readonly jobs: EnqueueSystemRepository,
    private readonly ready: ReadyJobs,
  ) {}

  @HandlesEvent('penguinmails.email.accepted.v1', { login: 'system' })
  async handle(
    events: ReceivedEvent<'penguinmails.email.accepted.v1'>[],
    tx: SystemTransaction,
  ): Promise<void> {
    const jobs = events.map(sendEmailJob);
    const birth = bornAfter(jobs.map((job) => job.jobId));
    const { since } = await this.jobs.enqueueNamed(tx, jobs, birth);
    tx.onCommit(() => announceJobs(this.ready, jobs, since));
  }
}
