import type { Writable } from 'node:stream';
import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import { BodyLimit, ServiceRoute } from '@penguinmails/http';
import { unprocessable } from '@penguinmails/http/problem';
import { hangUpOf } from '../lease/lease.controller.js';
import { CHECKPOINT_EVERY } from './batch-key.js';
import {
  batchFinishRequest,
  batchHeartbeatRequest,
  type BatchHeartbeatRequest,
  batchLeaseRequest,
  type BatchLeaseRequest,
  type BatchReport,
  type BatchReportRequest,
  checkpointRequest,
} from './batch-lease.requests.js';
import { LeaseBatches } from './lease-batches.js';
import type { LeasedBatch } from './leased-batch.js';
import { RenewBatchLeases } from './renew-batch-leases.js';
import { ReportBatches } from './report-batches.js';

/** The outcomes of 50 batches, each recipient with the longest details, would be 60 MB: refused. */
const REPORT_BODY = 4 * 1024 * 1024;

/** What a worker does with batches. */
@Controller('internal')
export class BatchLeaseController {
  constructor(
    private readonly leaseBatches: LeaseBatches,
    private readonly renewLeases: RenewBatchLeases,
    private readonly reports: ReportBatches,
  ) {}

  @Post('batch-leases')
  @HttpCode(200)
  @ServiceRoute('worker')
  async lease(
    @Body(batchLeaseRequest) request: BatchLeaseRequest,
    @Res({ passthrough: true }) reply: { raw: Writable },
  ) {
    const lease = await this.leaseBatches.execute(request, hangUpOf(reply.raw));
    return {
      lease_token: lease.leaseToken,
      lease_expires_at: lease.expiresAt,
      checkpoint_every: CHECKPOINT_EVERY,
      batches: lease.batches.map(batchBody),
      grants: lease.grants,
    };
  }

  @Post('batch-leases::heartbeat')
  @HttpCode(200)
  @ServiceRoute('worker')
  async heartbeat(@Body(batchHeartbeatRequest) request: BatchHeartbeatRequest) {
    const { expiresAt, lost, grants } = await this.renewLeases.execute(request);
    return { lease_expires_at: expiresAt, lost, grants };
  }

  @Post('batch-leases::checkpoint')
  @HttpCode(200)
  @BodyLimit(REPORT_BODY)
  @ServiceRoute('worker')
  async checkpoint(@Body(checkpointRequest) { reports }: BatchReportRequest) {
    assertNoneTwice(reports);
    return this.reports.checkpoint(reports);
  }

  @Post('batch-leases::finish')
  @HttpCode(200)
  @BodyLimit(REPORT_BODY)
  @ServiceRoute('worker')
  async finish(@Body(batchFinishRequest) { reports }: BatchReportRequest) {
    assertNoneTwice(reports);
    return this.reports.finish(reports);
  }
}

function batchBody(batch: LeasedBatch) {
  return {
    id: batch.batchId,
    tenant_id: batch.tenantId,
    type: batch.type,
    payload: batch.payload,
    n: batch.n,
    resume_at: batch.resumeAt,
    lease_to: batch.leaseTo,
    in_doubt_to: batch.inDoubtTo,
    attempt: batch.attempt,
    mailbox_id: batch.payload.mailbox_id ?? null,
    storage_key: batch.storageKey,
    correlation_id: batch.correlationId,
    traceparent: batch.traceparent,
    created_at: batch.createdAt,
  };
}

/** Two reports about one batch in one request contradict each other. */
function assertNoneTwice(reports: readonly BatchReport[]): void {
  const seen = new Set<string>();
  reports.forEach(({ tenant_id, batch_id }, at) => {
    const key = `${tenant_id}/${batch_id}`;
    const detail = 'The batch is named twice.';
    if (seen.has(key))
      throw unprocessable(
        [{ pointer: `/reports/${at}`, code: 'duplicate_result', detail }],
        'duplicate_result',
      );
    seen.add(key);
  });
}
