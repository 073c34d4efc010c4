import { Controller, Get } from '@nestjs/common';
import { ServiceRoute } from '@penguinmails/http';
import { TierHealth } from '@penguinmails/outbox';

/** How this tier is, for `GET /v1/admin/health`. */
@Controller('internal/health')
export class HealthController {
  constructor(private readonly health: TierHealth) {}

  @ServiceRoute('gateway')
  @Get()
  report() {
    return this.health.report();
  }
}
