import { Injectable } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { type BilledKind, BillingSystemRepository } from '../billing/billing.system.repository.js';
import { ActivitySystemRepository } from './activity.system.repository.js';
import { type ActivityKind, activityOf, billingOf, type Occurrence } from './email-activity.js';

/**
 * Adds what happened to e-mails of any tenants to the hour's activity and the month's bill. It runs in the
 * transaction of the inbox, so a counter equals the number of distinct events, exactly.
 */
@Injectable()
export class CountEmails {
  constructor(
    private readonly activity: ActivitySystemRepository,
    private readonly billing: BillingSystemRepository,
  ) {}

  async execute(
    tx: SystemTransaction,
    what: { kind: ActivityKind; billed?: BilledKind },
    occurrences: readonly Occurrence[],
  ): Promise<void> {
    await this.activity.add(tx, what.kind, activityOf(occurrences));
    const billed = billingOf(occurrences);
    if (what.billed && billed.length > 0) await this.billing.add(tx, what.billed, billed);
  }
}
