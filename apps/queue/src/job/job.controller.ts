import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import {
  type Caller,
  CurrentCaller,
  ParseUuid,
  TenantOrPlatformRoute,
  TenantRoute,
} from '@penguinmails/http';
import { CancelJob } from './cancel-job.js';
import { GetJob } from './get-job.js';
import { jobFilterOf, ListJobsQuery, retryRequest, type RetryRequest } from './job.requests.js';
import { ListAttempts } from './list-attempts.js';
import { ListJobs } from './list-jobs.js';
import { RetryJob } from './retry-job.js';

/** What a tenant may see of its jobs and do with them; the platform's jobs are those of its tenant. */
@Controller('internal/jobs')
export class JobController {
  constructor(
    private readonly listJobs: ListJobs,
    private readonly getJob: GetJob,
    private readonly listAttempts: ListAttempts,
    private readonly cancelJob: CancelJob,
    private readonly retryJob: RetryJob,
  ) {}

  @Get()
  @TenantOrPlatformRoute('jobs:read')
  list(@CurrentCaller() caller: Caller, @Query() query: ListJobsQuery) {
    return this.listJobs.execute(caller.tenantId, jobFilterOf(query));
  }

  @Get(':id')
  @TenantOrPlatformRoute('jobs:read')
  job(@CurrentCaller() caller: Caller, @Param('id', ParseUuid) id: string) {
    return this.getJob.execute(caller.tenantId, id);
  }

  @Get(':id/attempts')
  @TenantRoute('emails:read', 'jobs:read')
  async attempts(@CurrentCaller() caller: Caller, @Param('id', ParseUuid) id: string) {
    return { data: await this.listAttempts.execute(caller.tenantId, id) };
  }

  /** 202 while its worker has not stopped yet. */
  @Post(':id/cancel')
  @TenantOrPlatformRoute('jobs:write')
  async cancel(
    @CurrentCaller() caller: Caller,
    @Param('id', ParseUuid) id: string,
    @Res({ passthrough: true }) reply: { status(code: number): unknown },
  ) {
    const job = await this.cancelJob.execute(caller.tenantId, id);
    reply.status(job.status === 'cancelled' ? 200 : 202);
    return job;
  }

  @Post(':id/retry')
  @HttpCode(202)
  @TenantOrPlatformRoute('jobs:write')
  retry(
    @CurrentCaller() { tenantId }: Caller,
    @Param('id', ParseUuid) id: string,
    @Body(retryRequest) { may_be_repeated: mayBeRepeated }: RetryRequest,
  ) {
    return this.retryJob.execute({ tenantId, jobId: id }, mayBeRepeated);
  }
}
