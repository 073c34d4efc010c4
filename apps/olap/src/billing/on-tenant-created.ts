import { Controller } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { BillingRepository } from './billing.repository.js';

/** Keeps what the tenant's plan costs, so that a bill never has to ask oltp. */
@Controller()
export class OnTenantCreated {
  constructor(private readonly billing: BillingRepository) {}

  @HandlesEvent('penguinmails.tenant.created.v1', { login: 'app' })
  async handle(
    events: ReceivedEvent<'penguinmails.tenant.created.v1'>[],
    tx: TenantTransaction,
  ): Promise<void> {
    for (const { data } of events) await this.billing.setPrice(tx, data);
  }
}
