import { Injectable } from '@nestjs/common';
import type { Tier } from '@penguinmails/contracts';
import type { QueryValue } from '@penguinmails/http/tier-client';
import type { Call } from '../access/current-call.js';
import type { ParkedEvent } from '../admin/parked-event.schema.js';
import type { Page } from './page.js';
import { TierClients } from './tier-clients.js';

type TierParkedEvent = Omit<ParkedEvent, 'tier'>;
export type ParkedEventAction = 'retry' | 'discard' | 'replay';

const PATH = '/internal/parked-events';

/** The parked and dead events of any tier. */
@Injectable()
export class ParkedEventClient {
  constructor(private readonly tiers: TierClients) {}

  async list(
    call: Call,
    tier: Tier,
    query: Readonly<Record<string, QueryValue>>,
  ): Promise<Page<TierParkedEvent>> {
    const request = { ...call, method: 'GET', path: PATH, query } as const;
    return (await this.tiers.of(tier).request<Page<TierParkedEvent>>(request)).body;
  }

  async find(call: Call, tier: Tier, id: string): Promise<TierParkedEvent> {
    const request = { ...call, method: 'GET', path: `${PATH}/${id}` } as const;
    return (await this.tiers.of(tier).request<TierParkedEvent>(request)).body;
  }

  /** A second retry changes nothing, so a lost connection may repeat it; the others it may not. */
  async act(
    call: Call,
    tier: Tier,
    id: string,
    action: ParkedEventAction,
  ): Promise<TierParkedEvent> {
    const path = `${PATH}/${id}/${action}`;
    const request = { ...call, method: 'POST', path, idempotent: action === 'retry' } as const;
    return (await this.tiers.of(tier).request<TierParkedEvent>(request)).body;
  }
}
