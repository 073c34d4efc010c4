import { Injectable } from '@nestjs/common';
import type { Tier } from '@penguinmails/contracts';
import type { RequestBudget } from '@penguinmails/http/tier-client';
import type { TierDetails } from '../admin/health.schema.js';
import { TierClients } from './tier-clients.js';

/** Every tier's own report, asked for by the gateway on its own account. */
@Injectable()
export class HealthClient {
  constructor(private readonly tiers: TierClients) {}

  async report(tier: Tier, requestId: string, budget: RequestBudget): Promise<TierDetails> {
    const request = {
      method: 'GET',
      path: '/internal/health',
      requestId,
      budget,
      saysDown,
    } as const;
    return (await this.tiers.of(tier).request<TierDetails>(request)).body;
  }
}

const saysDown = (report: unknown): boolean => !(report as TierDetails).database.reachable;
