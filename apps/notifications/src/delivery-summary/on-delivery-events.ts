import { Controller } from '@nestjs/common';
import type { EventType } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import {
  type DayCount,
  DeliverySummarySystemRepository,
  type SummaryKind,
} from './delivery-summary.system.repository.js';

type Events<K extends SummaryKind> = ReceivedEvent<
  Extract<EventType, `penguinmails.email.${K}.v1`>
>[];

/** What became of e-mails, as one notification per tenant and day. */
@Controller()
export class OnDeliveryEvents {
  constructor(private readonly summaries: DeliverySummarySystemRepository) {}

  @HandlesEvent('penguinmails.email.delivered.v1', { login: 'system' })
  async delivered(events: Events<'delivered'>, tx: SystemTransaction): Promise<void> {
    await this.summarise(tx, 'delivered', events);
  }

  @HandlesEvent('penguinmails.email.bounced.v1', { login: 'system' })
  async bounced(events: Events<'bounced'>, tx: SystemTransaction): Promise<void> {
    await this.summarise(tx, 'bounced', events);
  }

  @HandlesEvent('penguinmails.email.failed.v1', { login: 'system' })
  async failed(events: Events<'failed'>, tx: SystemTransaction): Promise<void> {
    await this.summarise(tx, 'failed', events);
  }

  private async summarise(
    tx: SystemTransaction,
    kind: SummaryKind,
    events: Events<SummaryKind>,
  ): Promise<void> {
    const counts = countsOf(events);
    await this.summaries.hold(tx, counts);
    await this.summaries.count(tx, kind, counts);
    await this.summaries.announce(tx, counts);
  }
}

function countsOf(events: Events<SummaryKind>): DayCount[] {
  const dayOf = (event: Events<SummaryKind>[number]) => event.data.occurred_at.slice(0, 10);
  const groups = Map.groupBy(events, (event) => `${event.tenantId} ${dayOf(event)}`);
  return [...groups.values()].map((some) => ({
    tenantId: some[0].tenantId,
    day: dayOf(some[0]),
    count: some.length,
  }));
}
