import { Injectable } from '@nestjs/common';
import type { QueryValue, TierClient } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { BillingPeriod } from '../analytics/billing.schema.js';
import { TierClients } from './tier-clients.js';

export interface BillingAnswer {
  readonly data: readonly BillingPeriod[];
  readonly as_of: string;
  readonly lag_seconds: number;
}

/** The olap tier as the gateway uses it. */
@Injectable()
export class OlapClient {
  readonly #tier: TierClient;

  constructor(tiers: TierClients) {
    this.#tier = tiers.of('olap');
  }

  async billing(call: Call, query: Readonly<Record<string, QueryValue>>): Promise<BillingAnswer> {
    const request = { ...call, method: 'GET', path: '/internal/billing', query } as const;
    return (await this.#tier.request<BillingAnswer>(request)).body;
  }
}
