import { Controller } from '@nestjs/common';
import type { EventType } from '@penguinmails/contracts';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { CountEmails } from './count-emails.js';
import type { Occurrence } from './email-activity.js';

type Kind =
  | 'scheduled'
  | 'queued'
  | 'sent'
  | 'delivered'
  | 'delivery_delayed'
  | 'bounced'
  | 'failed'
  | 'suppressed'
  | 'cancelled';
type PublicEmail<K extends Kind> = Extract<EventType, `penguinmails.email.${K}.v1`>;
type Events<K extends Kind> = ReceivedEvent<PublicEmail<K>>[];

function occurrencesOf(events: Events<Kind>): Occurrence[] {
  return events.map(({ tenantId, data }) => ({
    tenantId,
    mode: data.mode,
    at: new Date(data.occurred_at),
    bytes: 0,
  }));
}

/** The public life of e-mails, one counter a type; sent, delivered and bounced are billed. */
@Controller()
export class OnEmailEvents {
  constructor(private readonly count: CountEmails) {}

  @HandlesEvent('penguinmails.email.scheduled.v1', { login: 'system' })
  async scheduled(events: Events<'scheduled'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'scheduled' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.queued.v1', { login: 'system' })
  async queued(events: Events<'queued'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'queued' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.sent.v1', { login: 'system' })
  async sent(events: Events<'sent'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'sent', billed: 'sent' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.delivered.v1', { login: 'system' })
  async delivered(events: Events<'delivered'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'delivered', billed: 'delivered' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.delivery_delayed.v1', { login: 'system' })
  async delayed(events: Events<'delivery_delayed'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'delivery_delayed' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.bounced.v1', { login: 'system' })
  async bounced(events: Events<'bounced'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'bounced', billed: 'bounced' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.failed.v1', { login: 'system' })
  async failed(events: Events<'failed'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'failed' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.suppressed.v1', { login: 'system' })
  async suppressed(events: Events<'suppressed'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'suppressed' }, occurrencesOf(events));
  }

  @HandlesEvent('penguinmails.email.cancelled.v1', { login: 'system' })
  async cancelled(events: Events<'cancelled'>, tx: SystemTransaction): Promise<void> {
    await this.count.execute(tx, { kind: 'cancelled' }, occurrencesOf(events));
  }
}
