import { Controller } from '@nestjs/common';
import type { TenantTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { adminEventOf } from './admin-event.js';
import { AdminEventRepository } from './admin-event.repository.js';

/** Keeps what operators must see, equal things as one row with a count. */
@Controller()
export class OnSystemEventRaised {
  constructor(private readonly events: AdminEventRepository) {}

  @HandlesEvent('penguinmails.system.event_raised.v1', { login: 'app' })
  async handle(
    events: ReceivedEvent<'penguinmails.system.event_raised.v1'>[],
    tx: TenantTransaction,
  ): Promise<void> {
    for (const { data } of events) await this.events.raise(tx, adminEventOf(data));
  }
}
