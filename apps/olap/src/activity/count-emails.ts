import { Injectable } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { type BilledKind, BillingRepository } from '../billing/billing.repository.js';
import { ActivityRepository } from './activity.repository.js';
import { type ActivityKind, activityOf, billingOf, type Occurrence } from './email-activity.js';

/**
 * Adds what happened to e-mails to the hour's activity and the month's bill. It runs in the
 * transaction of the inbox, so a counter equals the number of distinct events, exactly.
 */
@Injectable()
export class CountEmails {
  constructor(
    private readonly activity: ActivityRepository,
    private readonly billing: BillingRepository,
  ) {}

  async execute(
    tx: TenantTransaction,
    what: { kind: ActivityKind; billed?: BilledKind },
    occurrences: readonly Occurrence[],
  ): Promise<void> {
    await this.activity.add(tx, what.kind, activityOf(occurrences));
    const billed = billingOf(occurrences);
    if (what.billed && billed.length > 0) await this.billing.add(tx, what.billed, billed);
  }
}
