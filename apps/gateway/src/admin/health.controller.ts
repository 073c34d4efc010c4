import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { tiers } from '@penguinmails/contracts';
import { PlatformRoute } from '@penguinmails/http';
import { type Call, CurrentCall } from '../access/current-call.js';
import { HealthView } from '../compose/health-view.js';
import { Answers } from '../openapi/answers.js';
import { UsesTiers } from '../openapi/route-tiers.js';
import { PlatformHealth } from './health.schema.js';

@ApiTags('Administration')
@Controller('v1/admin/health')
export class HealthController {
  constructor(private readonly view: HealthView) {}

  @Get()
  @PlatformRoute()
  @ApiOperation({ summary: 'Read how the five tiers are' })
  @UsesTiers({ optional: tiers })
  @Answers(200, PlatformHealth)
  readHealth(@CurrentCall() { caller, budget }: Call): Promise<PlatformHealth> {
    return this.view.read(caller.requestId, budget);
  }
}
