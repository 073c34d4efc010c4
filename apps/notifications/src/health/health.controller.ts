import { Controller, Get } from '@nestjs/common';
import { Database } from '@penguinmails/database';
import { ServiceRoute } from '@penguinmails/http';
import { MessagingHealth } from '@penguinmails/outbox';

/** How this tier is, for `GET /v1/admin/health`. Answers also while its database does not. */
@Controller('internal/health')
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly messaging: MessagingHealth,
  ) {}

  @ServiceRoute('gateway')
  @Get()
  async health() {
    const pool = this.database.poolStats().app;
    const latency = await this.database.ping().catch(() => null);
    const database = { reachable: latency !== null, latency_ms: latency, pool };
    if (latency === null) return { tier: 'notifications', database, outbox: null, consumer: null };
    return { tier: 'notifications', database, ...(await this.messaging.report()) };
  }
}
