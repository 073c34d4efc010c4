import type { Tier } from '@penguinmails/contracts';
import { type Database, isInfrastructure, type PoolStats } from '@penguinmails/database';
import type { MessagingHealth, MessagingReport } from './messaging-health.js';

/** How a tier is, as `GET /internal/health` answers it. */
export interface TierHealthReport {
  readonly tier: Tier;
  readonly database: {
    readonly reachable: boolean;
    /** Milliseconds of one round trip; null when there was none within a second. */
    readonly latency_ms: number | null;
    readonly pool: PoolStats;
  };
  /** Null while the database cannot be asked. */
  readonly outbox: MessagingReport['outbox'] | null;
  readonly consumer: MessagingReport['consumer'] | null;
}

/** Says how the tier is; answers also while its database does not. */
export class TierHealth {
  constructor(
    private readonly tier: Tier,
    private readonly database: Database,
    private readonly messaging: MessagingHealth,
  ) {}

  async report(): Promise<TierHealthReport> {
    // What is wrong stands in the logs and in /readyz; here it only counts that something is.
    const latency = await this.database.ping().catch(() => null);
    const reachable = latency !== null;
    const messaging = reachable ? await this.messagingReport() : null;
    const pool = this.database.poolStats().app;
    const database = { reachable, latency_ms: latency, pool };
    const { outbox = null, consumer = null } = messaging ?? {};
    return { tier: this.tier, database, outbox, consumer };
  }

  /** Null when the database went away since the ping. */
  private async messagingReport(): Promise<MessagingReport | null> {
    try {
      return await this.messaging.report();
    } catch (error) {
      if (isInfrastructure(error)) return null;
      throw error;
    }
  }
}
