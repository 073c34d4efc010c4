import { Injectable } from '@nestjs/common';
import { Database, isInfrastructure, type PoolStats } from '@penguinmails/database';
import { MessagingHealth, type MessagingReport } from '@penguinmails/outbox';

export interface TierHealth {
  readonly tier: 'oltp';
  readonly database: {
    readonly reachable: boolean;
    readonly latency_ms: number | null;
    readonly pool: PoolStats;
  };
  /** Null while the database cannot be asked. */
  readonly outbox: MessagingReport['outbox'] | null;
  readonly consumer: MessagingReport['consumer'] | null;
}

/** How this tier is. Answers also while its database does not. */
@Injectable()
export class ReportHealth {
  constructor(
    private readonly database: Database,
    private readonly messaging: MessagingHealth,
  ) {}

  async execute(): Promise<TierHealth> {
    const latency = await this.latency();
    const reachable = latency !== null;
    const pool = this.database.poolStats().app;
    return {
      tier: 'oltp',
      database: { reachable, latency_ms: latency, pool },
      ...((reachable && (await this.messagingReport())) || { outbox: null, consumer: null }),
    };
  }

  private async latency(): Promise<number | null> {
    try {
      return await this.database.ping();
    } catch {
      // What is wrong with it stands in the logs and in /readyz; here it only counts that it is.
      return null;
    }
  }

  private async messagingReport(): Promise<MessagingReport | null> {
    try {
      return await this.messaging.report();
    } catch (error) {
      if (isInfrastructure(error)) return null;
      throw error;
    }
  }
}
