import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PLATFORM_TENANT_ID } from '@penguinmails/contracts';
import { SystemDatabase, type SystemTransaction } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { Problem } from '@penguinmails/http/problem';
import { AuditLog } from '../audit/audit-log.js';
import { EnqueueJobs } from '../enqueue/enqueue-jobs.js';
import { GetJob } from '../job/get-job.js';
import type { JobDetails } from '../job/job-resource.js';
import type { DeadLetterFilter } from './dead-letter-filter.js';
import { DeadLetterSystemRepository } from './dead-letter.system.repository.js';
import {
  type OrderKey,
  REDRIVE_TYPE,
  RedriveOrderSystemRepository,
} from './redrive-order.system.repository.js';

/** The job that redrives, and whether it was ordered before under the same key. */
export interface OrderedRedrive {
  readonly job: JobDetails;
  readonly replayed: boolean;
}

/** Orders a redrive of all dead letters that fit a filter: a job of the platform's own. */
@Injectable()
export class OrderRedrive {
  constructor(
    private readonly database: SystemDatabase,
    private readonly orders: RedriveOrderSystemRepository,
    private readonly letters: DeadLetterSystemRepository,
    private readonly enqueueJobs: EnqueueJobs,
    private readonly jobs: GetJob,
    private readonly audit: AuditLog,
  ) {}

  /** @throws Problem 422 `idempotency_key_reused` */
  async execute(
    caller: Caller,
    filter: DeadLetterFilter,
    idempotencyKey: string | null,
  ): Promise<OrderedRedrive> {
    const key = idempotencyKey === null ? null : orderKey(idempotencyKey, filter);
    const { id, replayed } = await this.order(filter, key);
    if (!replayed) this.audit.note(caller, 'redrive ordered', { jobId: id, filter });
    return { job: await this.jobs.execute(PLATFORM_TENANT_ID, id), replayed };
  }

  private order(filter: DeadLetterFilter, key: OrderKey | null) {
    return this.database.transaction(async (tx) => {
      const earlier = key && (await this.orders.findEarlier(tx, key));
      if (earlier && earlier.body !== key.body) throw keyReused();
      if (earlier) return { id: earlier.jobId, replayed: true };
      const payload = await this.payload(tx, filter);
      const request = { tenantId: PLATFORM_TENANT_ID, type: REDRIVE_TYPE, payload } as const;
      const [id] = await this.enqueueJobs.enqueue(tx, [request]);
      if (key) await this.orders.remember(tx, key, id);
      return { id, replayed: false };
    });
  }

  /** What it takes is counted now: the total of its progress. */
  private async payload(tx: SystemTransaction, filter: DeadLetterFilter): Promise<object> {
    const counts = await this.letters.count(tx, filter);
    const expected = counts.reduce((sum, { count }) => sum + count, 0);
    return { filter, expected };
  }
}

function orderKey(idempotencyKey: string, filter: DeadLetterFilter): OrderKey {
  const fields = Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1));
  return { request: digestOf(idempotencyKey), body: digestOf(JSON.stringify(fields)) };
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

function keyReused(): Problem {
  return new Problem(422, 'idempotency_key_reused', {
    detail: 'The Idempotency-Key was used with another request.',
  });
}
