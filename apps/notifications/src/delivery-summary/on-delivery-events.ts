import { Controller } from '@nestjs/common';
import type { EventType } from '@penguinmails/contracts';
import type { TenantTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { RecipientRepository } from '../recipient/recipient.repository.js';
import { DeliverySummaryRepository, type SummaryKind } from './delivery-summary.repository.js';

type Events<K extends SummaryKind> = ReceivedEvent<
  Extract<EventType, `penguinmails.email.${K}.v1`>
>[];

/** What became of e-mails, as one notification per tenant and day. */
@Controller()
export class OnDeliveryEvents {
  constructor(
    private readonly summaries: DeliverySummaryRepository,
    private readonly recipients: RecipientRepository,
  ) {}

  @HandlesEvent('penguinmails.email.delivered.v1', { login: 'app' })
  async delivered(events: Events<'delivered'>, tx: TenantTransaction): Promise<void> {
    await this.summarise(tx, 'delivered', events);
  }

  @HandlesEvent('penguinmails.email.bounced.v1', { login: 'app' })
  async bounced(events: Events<'bounced'>, tx: TenantTransaction): Promise<void> {
    await this.summarise(tx, 'bounced', events);
  }

  @HandlesEvent('penguinmails.email.failed.v1', { login: 'app' })
  async failed(events: Events<'failed'>, tx: TenantTransaction): Promise<void> {
    await this.summarise(tx, 'failed', events);
  }

  private async summarise(
    tx: TenantTransaction,
    kind: SummaryKind,
    events: Events<SummaryKind>,
  ): Promise<void> {
    const days = Map.groupBy(events, ({ data }) => data.occurred_at.slice(0, 10));
    const counts = [...days].map(([day, some]) => ({ day, count: some.length }));
    // Slices of other partitions lock the same days: all take them in one order.
    counts.sort((one, other) => (one.day < other.day ? -1 : 1));
    await this.recipients.holdOwners(tx);
    await this.summaries.count(tx, kind, counts);
    await this.summaries.announce(tx, [...days.keys()]);
  }
}
