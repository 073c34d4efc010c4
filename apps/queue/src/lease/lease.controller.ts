import type { Writable } from 'node:stream';
import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { BodyLimit, ServiceRoute } from '@penguinmails/http';
import { unprocessable } from '@penguinmails/http/problem';
import { FinishJobs } from '../finish/finish-jobs.js';
import { jobKeyOf } from '../job/unfinished-job.js';
import {
  finishRequest,
  type FinishRequest,
  heartbeatRequest,
  type HeartbeatRequest,
  leaseRequest,
  type LeaseRequest,
} from './lease.requests.js';
import { LeaseJobs } from './lease-jobs.js';
import type { LeasedJob } from './leased-job.js';
import { RenewLeases } from './renew-leases.js';

/** 500 results with the longest replies, in bytes. */
const FINISH_BODY = 4 * 1024 * 1024;

/** What a worker does with jobs. */
@Controller('internal')
export class LeaseController {
  constructor(
    private readonly leaseJobs: LeaseJobs,
    private readonly renewLeases: RenewLeases,
    private readonly finishJobs: FinishJobs,
  ) {}

  @Post('leases')
  @HttpCode(200)
  @ServiceRoute('worker')
  async lease(
    @Body(leaseRequest) request: LeaseRequest,
    @Res({ passthrough: true }) reply: { raw: Writable },
  ) {
    const lease = await this.leaseJobs.execute(request, hangUpOf(reply.raw));
    return {
      lease_token: lease.leaseToken,
      lease_expires_at: lease.expiresAt,
      jobs: lease.jobs.map(jobBody),
      grants: lease.grants,
    };
  }

  @Post('leases::heartbeat')
  @HttpCode(200)
  @ServiceRoute('worker')
  async heartbeat(@Body(heartbeatRequest) request: HeartbeatRequest) {
    const { expiresAt, lost, cancelled, grants } = await this.renewLeases.execute(request);
    return { lease_expires_at: expiresAt, lost, cancelled, grants };
  }

  @Post('leases::finish')
  @HttpCode(200)
  @BodyLimit(FINISH_BODY)
  @ServiceRoute('worker')
  async finish(@Body(finishRequest) { results }: FinishRequest) {
    assertNoneTwice(results);
    return this.finishJobs.execute(results);
  }
}

/** Fires when the worker closes the connection before it has its answer. */
export function hangUpOf(response: Writable): AbortSignal {
  const hangUp = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) hangUp.abort();
  });
  return hangUp.signal;
}

function jobBody(job: LeasedJob) {
  return {
    id: job.jobId,
    tenant_id: job.tenantId,
    type: job.type,
    payload: job.payload,
    attempt: job.attempt,
    mailbox_id: job.payload.mailbox_id ?? null,
    storage_key: job.payload.storage_key ?? null,
    correlation_id: job.correlationId,
    traceparent: job.traceparent,
    created_at: job.createdAt,
  };
}

/** Two outcomes of one job in one report contradict each other. */
function assertNoneTwice(results: FinishRequest['results']): void {
  const seen = new Set<string>();
  results.forEach(({ tenant_id: tenantId, job_id: jobId }, at) => {
    const key = jobKeyOf({ tenantId, jobId });
    if (seen.has(key))
      throw unprocessable(
        [
          {
            pointer: `/results/${at}`,
            code: 'duplicate_result',
            detail: 'The job is named twice.',
          },
        ],
        'duplicate_result',
      );
    seen.add(key);
  });
}
