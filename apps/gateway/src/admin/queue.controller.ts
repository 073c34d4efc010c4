import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { PlatformRoute } from '@penguinmails/http';
import { ApiProblems } from '@penguinmails/http/openapi';
import { type Call, CurrentCall } from '../access/current-call.js';
import { QueueAdminClient } from '../clients/queue-admin.client.js';
import { pick } from '../compose/pick.js';
import { JOB_TYPE } from '../job/list-jobs.query.js';
import { Answers } from '../openapi/answers.js';
import { ApiName } from '../openapi/api-id.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { assertNoBody } from '../request/assert-no-body.js';
import { PauseQueueRequest } from './queue.requests.js';
import { Queue, QUEUE_FIELDS, QueueList } from './queue.schema.js';

const ApiType = () => ApiName('type', 'The job type.', JOB_TYPE, 'maintenance');

@ApiTags('Administration')
@Controller('v1/admin/queues')
export class QueueController {
  constructor(private readonly queue: QueueAdminClient) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({ summary: 'List job types: depth, age, rate, and whether they run' })
  @UsesTiers({ required: ['queue'] })
  @Answers(200, QueueList)
  async listQueues(@CurrentCall() call: Call): Promise<QueueList> {
    const { data } = await this.queue.listQueues(call);
    return {
      object: 'list',
      data: data.map((queue) => pick(queue, QUEUE_FIELDS)),
      has_more: false,
      next_cursor: null,
      url: '/v1/admin/queues',
    };
  }

  @Post(':type/pause')
  @HttpCode(200)
  @PlatformRoute()
  @ApiOperation({ summary: 'Stop a job type; its jobs are kept, those that run go on' })
  @UsesTiers({ required: ['queue'] })
  @ApiType()
  @Answers(200, Queue)
  @ApiProblems({ 404: ['not_found'] })
  async pauseQueue(
    @CurrentCall() call: Call,
    @Param('type') type: string,
    @Body() { reason }: PauseQueueRequest,
  ): Promise<Queue> {
    return pick(await this.queue.pauseQueue(call, type, reason ?? null), QUEUE_FIELDS);
  }

  @Post(':type/resume')
  @HttpCode(200)
  @PlatformRoute()
  @ApiOperation({ summary: 'Restart a job type' })
  @UsesTiers({ required: ['queue'] })
  @ApiType()
  @Answers(200, Queue)
  @ApiProblems({ 404: ['not_found'] })
  async resumeQueue(
    @CurrentCall() call: Call,
    @Param('type') type: string,
    @Body() body: unknown,
  ): Promise<Queue> {
    assertNoBody(body);
    return pick(await this.queue.resumeQueue(call, type), QUEUE_FIELDS);
  }
}
