import { Injectable } from '@nestjs/common';
import { SystemDatabase } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { notFound } from '@penguinmails/http/problem';
import { AuditLog } from '../audit/audit-log.js';
import { BatchTypes } from '../batch/batch-types.js';
import { JobTypes } from '../job-type/job-types.js';
import { ReadyJobs } from '../lease/ready-jobs.js';
import { ListQueues, type QueueResource } from './list-queues.js';
import { QueueControlSystemRepository } from './queue-control.system.repository.js';

/**
 * Stops and restarts a type of jobs or batches. Its jobs stay as they are; those that run go on to their end.
 */
@Injectable()
export class ControlQueue {
  constructor(
    private readonly database: SystemDatabase,
    private readonly controls: QueueControlSystemRepository,
    private readonly types: JobTypes,
    private readonly batchTypes: BatchTypes,
    private readonly queues: ListQueues,
    private readonly ready: ReadyJobs,
    private readonly audit: AuditLog,
  ) {}

  /** @throws Problem 404 for a type that is not declared */
  pause(caller: Caller, type: string, reason: string | null): Promise<QueueResource> {
    return this.set(caller, type, true, reason);
  }

  /** @throws Problem 404 for a type that is not declared */
  resume(caller: Caller, type: string): Promise<QueueResource> {
    return this.set(caller, type, false, null);
  }

  private async set(
    caller: Caller,
    type: string,
    paused: boolean,
    reason: string | null,
  ): Promise<QueueResource> {
    if (!this.types.has(type) && !this.batchTypes.has(type)) throw notFound();
    await this.database.once((tx) => this.controls.set(tx, type, paused, reason));
    this.audit.note(caller, paused ? 'queue paused' : 'queue resumed', { type, reason });
    if (!paused) this.ready.wake();
    return (await this.queues.execute()).find((queue) => queue.type === type)!;
  }
}
