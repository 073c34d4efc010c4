import { Injectable } from '@nestjs/common';
import { type Tier, tiers } from '@penguinmails/contracts';
import type { RequestBudget } from '@penguinmails/http/tier-client';
import type {
  PlatformHealth,
  TierDetails,
  TierHealth,
  TierStatus,
} from '../admin/health.schema.js';
import { HealthClient } from '../clients/health.client.js';
import { pick } from './pick.js';
import { readSection, type Section } from './section.js';

const POOL = ['max', 'total', 'idle', 'waiting'] as const;
const JOBS = ['scheduled', 'ready', 'running', 'dead', 'oldest_ready_age_seconds'] as const;

/** How the five tiers are, asked all at once; one that does not answer is marked. */
@Injectable()
export class HealthView {
  constructor(private readonly health: HealthClient) {}

  async read(requestId: string, budget: RequestBudget): Promise<PlatformHealth> {
    const reports = await Promise.all(tiers.map((tier) => this.tier(tier, requestId, budget)));
    const isFine = reports.every(({ status }) => status === 'ok');
    const as_of = new Date().toISOString();
    return { object: 'health', status: isFine ? 'ok' : 'degraded', as_of, tiers: reports };
  }

  private async tier(tier: Tier, requestId: string, budget: RequestBudget): Promise<TierHealth> {
    const section = await readSection(async () =>
      detailsOf(await this.health.report(tier, requestId, budget)),
    );
    return { tier, ...section, status: statusOf(section) };
  }
}

function statusOf({ data }: Section<TierDetails>): TierStatus {
  if (data === null) return 'unavailable';
  return data.database.reachable && data.outbox ? 'ok' : 'degraded';
}

function detailsOf({ database, outbox, consumer, jobs }: TierDetails): TierDetails {
  const { reachable, latency_ms, pool } = database;
  return {
    database: { reachable, latency_ms, pool: pick(pool, POOL) },
    outbox: outbox && pick(outbox, ['depth', 'oldest_age_seconds']),
    consumer: consumer && pick(consumer, ['state', 'lag']),
    jobs: jobs ? pick(jobs, JOBS) : null,
  };
}
