import type { ServiceTokenSigner } from '@penguinmails/http';
import { type Deadlines, TierClient } from '@penguinmails/http/tier-client';

type Tier = 'oltp' | 'content' | 'queue';

/** The worker's ways to the tiers; every call is its own, never a tenant's. */
export class TierClients {
  readonly oltp: TierClient;
  readonly content: TierClient;
  readonly queue: TierClient;

  /** @param deadlines where they differ from the seed's */
  constructor(
    urls: Readonly<Record<Tier, string>>,
    signer: ServiceTokenSigner,
    deadlines: Partial<Deadlines> = {},
  ) {
    const client = (tier: Tier) =>
      new TierClient({
        tier,
        baseUrl: urls[tier],
        deadlines,
        signToken: () => signer.token(tier),
        onRefusedToken: (date) => signer.correctClock(date),
      });
    this.oltp = client('oltp');
    this.content = client('content');
    this.queue = client('queue');
  }

  async close(): Promise<void> {
    await Promise.all([this.oltp.close(), this.content.close(), this.queue.close()]);
  }
}
