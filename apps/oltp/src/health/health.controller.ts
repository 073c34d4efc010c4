import { Controller, Get } from '@nestjs/common';
import { ServiceRoute } from '@penguinmails/http';
import { ReportHealth, type TierHealth } from './report-health.js';

@Controller('internal/health')
export class HealthController {
  constructor(private readonly reporting: ReportHealth) {}

  @Get()
  @ServiceRoute('gateway')
  async report(): Promise<TierHealth> {
    return await this.reporting.execute();
  }
}
