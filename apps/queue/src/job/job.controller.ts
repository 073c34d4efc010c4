import { Controller, Get, Param } from '@nestjs/common';
import { type Caller, CurrentCaller, ParseUuid, TenantRoute } from '@penguinmails/http';
import { GetJob } from './get-job.js';
import { ListAttempts } from './list-attempts.js';

/** What a tenant may see of its jobs. */
@Controller('internal/jobs')
export class JobController {
  constructor(
    private readonly getJob: GetJob,
    private readonly listAttempts: ListAttempts,
  ) {}

  @Get(':id')
  @TenantRoute('jobs:read')
  job(@CurrentCaller() caller: Caller, @Param('id', ParseUuid) id: string) {
    return this.getJob.execute(caller.tenantId, id);
  }

  @Get(':id/attempts')
  @TenantRoute('emails:read', 'jobs:read')
  async attempts(@CurrentCaller() caller: Caller, @Param('id', ParseUuid) id: string) {
    return { data: await this.listAttempts.execute(caller.tenantId, id) };
  }
}
