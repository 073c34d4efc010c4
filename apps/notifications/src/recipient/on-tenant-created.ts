import { Controller } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { DeliverySummaryRepository } from '../delivery-summary/delivery-summary.repository.js';
import { RecipientRepository } from './recipient.repository.js';

/**
 * Learns whom to tell. Deliveries travel on another topic and may be counted before their owner is
 * known: the summaries of such days are written here.
 */
@Controller()
export class OnTenantCreated {
  constructor(
    private readonly recipients: RecipientRepository,
    private readonly summaries: DeliverySummaryRepository,
  ) {}

  @HandlesEvent('penguinmails.tenant.created.v1', { login: 'app' })
  async handle(
    events: ReceivedEvent<'penguinmails.tenant.created.v1'>[],
    tx: TenantTransaction,
  ): Promise<void> {
    for (const { data } of events) await this.recipients.addOwner(tx, data.owner_user_id);
    await this.summaries.announceAll(tx);
  }
}
