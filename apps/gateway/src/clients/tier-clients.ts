import type { OnModuleDestroy } from '@nestjs/common';
import { type Tier, tiers } from '@penguinmails/contracts';
import type { ServiceTokenSigner } from '@penguinmails/http';
import { GatheredCalls, type GatheredOptions, TierClient } from '@penguinmails/http/tier-client';

/** The gateway's ways to the five tiers: one pool of connections and one breaker each. */
export class TierClients implements OnModuleDestroy {
  readonly #clients: Readonly<Record<Tier, TierClient>>;

  /**
   * @param urls such as `http://127.0.0.1:8081`
   * @param callsTogether calls of different requests that may travel in one; 1 = none
   */
  constructor(
    urls: Readonly<Record<Tier, string>>,
    signer: ServiceTokenSigner,
    private readonly callsTogether: number,
  ) {
    const client = (tier: Tier): TierClient =>
      new TierClient({
        tier,
        baseUrl: urls[tier],
        signToken: (caller) => signer.token(tier, caller),
        onRefusedToken: (date) => signer.correctClock(date),
      });
    this.#clients = {
      oltp: client('oltp'),
      content: client('content'),
      olap: client('olap'),
      queue: client('queue'),
      notifications: client('notifications'),
    };
  }

  of(tier: Tier): TierClient {
    return this.#clients[tier];
  }

  /** Calls to one route of a tier that travel together when many come at once. */
  gathered(tier: Tier, options: Omit<GatheredOptions, 'most'>): GatheredCalls {
    return new GatheredCalls(this.of(tier), { ...options, most: this.callsTogether });
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(tiers.map((tier) => this.of(tier).close()));
  }
}
