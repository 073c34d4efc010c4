import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ServiceRoute } from '@penguinmails/http';
import { progressRequest, type ProgressRequest } from './progress.requests.js';
import { type ProgressAnswer, RecordProgress } from './record-progress.js';

/** How far jobs are, as their workers say. */
@Controller('internal')
export class ProgressController {
  constructor(private readonly recordProgress: RecordProgress) {}

  @Post('leases::progress')
  @HttpCode(200)
  @ServiceRoute('worker')
  progress(@Body(progressRequest) request: ProgressRequest): Promise<ProgressAnswer> {
    return this.recordProgress.execute(request);
  }
}
