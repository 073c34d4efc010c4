import { Controller, Get } from '@nestjs/common';
import { ServiceRoute } from '@penguinmails/http';
import { TierHealth } from '@penguinmails/outbox';
import { QueueDepth } from './queue-depth.js';
import type { TypeDepth } from './type-depth.js';

/** How this tier is and how much work waits, for `GET /v1/admin/health`. */
@Controller('internal/health')
export class HealthController {
  constructor(
    private readonly health: TierHealth,
    private readonly depth: QueueDepth,
  ) {}

  @Get()
  @ServiceRoute('gateway')
  async report() {
    const report = await this.health.report();
    const jobs = report.database.reachable ? jobsOf(await this.depth.read()) : null;
    return { ...report, jobs };
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
