import { Controller, Get } from '@nestjs/common';
import { Database } from '@penguinmails/database';
import { ServiceRoute } from '@penguinmails/http';
import { MessagingHealth } from '@penguinmails/outbox';
import { QueueDepth } from './queue-depth.js';
import type { TypeDepth } from './type-depth.js';

/** How this tier is, for `GET /v1/admin/health`. Answers also while its database does not. */
@Controller('internal/health')
export class HealthController {
  constructor(
    private readonly database: Database,
    private readonly messaging: MessagingHealth,
    private readonly depth: QueueDepth,
  ) {}

  @Get()
  @ServiceRoute('gateway')
  async health() {
    const pool = this.database.poolStats().app;
    const latency = await this.database.ping().catch(() => null);
    const database = { reachable: latency !== null, latency_ms: latency, pool };
    if (latency === null)
      return { tier: 'queue', database, outbox: null, consumer: null, jobs: null };
    const [messaging, depths] = await Promise.all([this.messaging.report(), this.depth.read()]);
    return { tier: 'queue', database, ...messaging, jobs: jobsOf(depths) };
  }
}

function jobsOf(depths: readonly TypeDepth[]) {
  const sum = (state: 'scheduled' | 'ready' | 'running' | 'dead') =>
    depths.reduce((total, depth) => total + depth[state], 0);
  return {
    scheduled: sum('scheduled'),
    ready: sum('ready'),
    running: sum('running'),
    dead: sum('dead'),
    oldest_ready_age_seconds: Math.max(0, ...depths.map((depth) => depth.oldestReadyAge)),
  };
}
