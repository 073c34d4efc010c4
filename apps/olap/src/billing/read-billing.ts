import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { MessagingHealth } from '@penguinmails/outbox';
import { type BillingPeriod, BillingRepository } from './billing.repository.js';

const MAX_MONTHS = 120;

/** Billing periods with how fresh they are. */
export interface BillingAnswer {
  readonly data: readonly BillingPeriod[];
  /** Everything that happened before is counted. */
  readonly as_of: string;
  /** Seconds that the counters may be behind; 0 when nothing is waiting. */
  readonly lag_seconds: number;
}

/** One indexed range read over aggregates; its cost does not grow with the number of e-mails. */
@Injectable()
export class ReadBilling {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly billing: BillingRepository,
    private readonly messaging: MessagingHealth,
  ) {}

  async execute(tenantId: string, range: { from: string; to: string }): Promise<BillingAnswer> {
    const [{ data, countedAt }, { consumer }] = await Promise.all([
      this.read(tenantId, range),
      this.messaging.report(),
    ]);
    const now = Date.now();
    const current = consumer.state === 'running' && consumer.lag === 0;
    const asOf = current ? now : (countedAt?.getTime() ?? now);
    return {
      data,
      as_of: new Date(asOf).toISOString(),
      lag_seconds: Math.ceil((now - asOf) / 1000),
    };
  }

  private read(tenantId: string, range: { from: string; to: string }) {
    return this.tenants.transaction(
      tenantId,
      async (tx) => ({
        data: await this.billing.periods(tx, { ...range, limit: MAX_MONTHS }),
        countedAt: await this.billing.lastCounted(tx),
      }),
      { readOnly: true },
    );
  }
}
