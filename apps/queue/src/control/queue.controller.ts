import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { type Caller, CurrentCaller, PlatformRoute } from '@penguinmails/http';
import { ControlQueue } from './control-queue.js';
import { pauseTypeRequest, type PauseTypeRequest } from './control.requests.js';
import { ListQueues } from './list-queues.js';

/** The job types as operators see them. */
@Controller('internal/queues')
export class QueueController {
  constructor(
    private readonly queues: ListQueues,
    private readonly control: ControlQueue,
  ) {}

  @Get()
  @PlatformRoute()
  async list() {
    return { data: await this.queues.execute() };
  }

  @Post(':type/pause')
  @HttpCode(200)
  @PlatformRoute()
  pause(
    @CurrentCaller() caller: Caller,
    @Param('type') type: string,
    @Body(pauseTypeRequest) { reason }: PauseTypeRequest,
  ) {
    return this.control.pause(caller, type, reason);
  }

  @Post(':type/resume')
  @HttpCode(200)
  @PlatformRoute()
  resume(@CurrentCaller() caller: Caller, @Param('type') type: string) {
    return this.control.resume(caller, type);
  }
}
