import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { EventTransport } from '@penguinmails/outbox';
import { type BillingPeriod, BillingRepository } from './billing.repository.js';
import { countedUntil } from './counted-until.js';

const MAX_MONTHS = 120;

/** Billing periods with how fresh they are. */
export interface BillingAnswer {
  readonly data: readonly BillingPeriod[];
  /** Every event of the tenant that was published before is counted, or was given up. */
  readonly as_of: string;
  /** Seconds since then: that much the counters may be behind. */
  readonly lag_seconds: number;
}

/** One indexed range read over aggregates; its cost does not grow with the number of e-mails. */
@Injectable()
export class ReadBilling {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly billing: BillingRepository,
    private readonly transport: EventTransport,
  ) {}

  async execute(tenantId: string, range: { from: string; to: string }): Promise<BillingAnswer> {
    // Before the counters are read: what it covers is in them then.
    const readUntil = this.transport.consumer?.lag().readUntil ?? null;
    const { data, oldestParked } = await this.read(tenantId, range);
    const asOf = countedUntil(tenantId, { readUntil, oldestParked });
    return {
      data,
      as_of: asOf.toISOString(),
      lag_seconds: Math.max(Math.ceil((Date.now() - asOf.getTime()) / 1000), 0),
    };
  }

  private read(tenantId: string, range: { from: string; to: string }) {
    return this.tenants.transaction(
      tenantId,
      async (tx) => ({
        oldestParked: await this.billing.oldestParked(tx),
        data: await this.billing.periods(tx, { ...range, limit: MAX_MONTHS }),
      }),
      { readOnly: true },
    );
  }
}
