import { Controller, Get, Param } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ParseUuid, TenantRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { QueueClient } from '../clients/queue.client.js';
import { pick } from '../compose/pick.js';
import { ApiId } from '../openapi/api-id.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { Job, JOB_FIELDS } from './job.schema.js';

@ApiTags('Jobs')
@Controller('v1/jobs')
export class JobController {
  constructor(private readonly queue: QueueClient) {}

  @Get(':id')
  @TenantRoute('jobs:read')
  @ApiOperation({ summary: 'Read one job' })
  @UsesTiers({ required: ['queue'] })
  @ApiId('job')
  @Answers(200, Job)
  @ApiProblems({ 404: ['not_found'] })
  async getJob(@CurrentCall() call: Call, @Param('id', ParseUuid) id: string): Promise<Job> {
    return pick(await this.queue.getJob(call, id), JOB_FIELDS);
  }
}
