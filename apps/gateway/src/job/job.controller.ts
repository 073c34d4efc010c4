import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ParseUuid, TenantOrPlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import type { FastifyReply } from 'fastify';
import { type Call, CurrentCall } from '../access/current-call.js';
import { JobClient } from '../clients/job.client.js';
import { pick } from '../compose/pick.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.js';
import { markReplay } from '../idempotency/mark-replay.js';
import { Answers } from '../openapi/answers.js';
import { ApiId } from '../openapi/api-id.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { assertNoBody } from '../request/assert-no-body.js';
import { CancelJob } from './cancel-job.js';
import { Job, JOB_FIELDS, JobList } from './job.schema.js';
import { ListJobs } from './list-jobs.js';
import { ListJobsQuery } from './list-jobs.query.js';

/** A tenant's key sees the jobs of its tenant, a platform key those of the platform itself. */
@ApiTags('Jobs')
@Controller('v1/jobs')
export class JobController {
  constructor(
    private readonly jobs: JobClient,
    private readonly listing: ListJobs,
    private readonly cancelling: CancelJob,
  ) {}

  @Get()
  @TenantOrPlatformRoute('jobs:read')
  @ApiOperation({
    summary: 'List jobs, newest first',
    description:
      'A filtered page may hold fewer jobs than asked for, even none, while `has_more` is true: go on with `next_cursor`.',
  })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, JobList)
  @ApiProblems({ 400: ['invalid_cursor'] })
  listJobs(@CurrentCall() call: Call, @Query() query: ListJobsQuery): Promise<JobList> {
    return this.listing.execute(call, query);
  }

  @Get(':id')
  @TenantOrPlatformRoute('jobs:read')
  @ApiOperation({ summary: 'Read one job, and what keeps it waiting' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('job')
  @Answers(200, Job)
  @ApiProblems({ 404: ['not_found'] })
  async getJob(@CurrentCall() call: Call, @Param('id', ParseUuid) id: string): Promise<Job> {
    return pick(await this.jobs.get(call, id), JOB_FIELDS);
  }

  @Post(':id/cancel')
  @TenantOrPlatformRoute('jobs:write')
  @ApiOperation({
    summary: 'Cancel a job',
    description: '202: it runs, and its worker stops it as soon as it hears of it.',
  })
  @UsesTiers({ required: ['queue'] })
  @ApiId('job')
  @Answers(200, Job, { replayable: true })
  @Answers(202, Job)
  @ApiProblems({ 404: ['not_found'], 409: ['job_not_cancellable'] })
  async cancelJob(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
    @IdempotencyKey() key: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    assertNoBody(body);
    const result = await this.cancelling.execute(call, id, key !== undefined);
    markReplay(reply, result);
    reply.status(result.answer.status === 'cancelled' ? 200 : 202);
    return pick(result.answer, JOB_FIELDS);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @TenantOrPlatformRoute('jobs:write')
  @ApiOperation({
    summary: 'Try a job again now',
    description: 'One that waits for later has its turn now; a dead one becomes a new job.',
  })
  @UsesTiers({ required: ['queue'] })
  @ApiId('job')
  @Answers(202, Job, { replayable: true, location: true })
  @ApiProblems({ 404: ['not_found'], 409: ['job_not_retryable'] })
  async retryJob(
    @CurrentCall() call: Call,
    @Param('id', ParseUuid) id: string,
    @IdempotencyKey() key: string | undefined,
    @Body() body: unknown,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Job> {
    assertNoBody(body);
    const { job, replayed } = await this.jobs.retry(call, id, key !== undefined);
    markReplay(reply, { answer: job, replayed });
    reply.header('location', `/v1/jobs/${job.id}`);
    return pick(job, JOB_FIELDS);
  }
}
