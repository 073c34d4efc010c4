import { Controller } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { CountEmails } from './count-emails.js';

/** An accepted e-mail adds its bytes to the month, whatever becomes of it. */
@Controller()
export class OnEmailAccepted {
  constructor(private readonly count: CountEmails) {}

  @HandlesEvent('penguinmails.email.accepted.v1', { login: 'system' })
  async handle(
    events: ReceivedEvent<'penguinmails.email.accepted.v1'>[],
    tx: SystemTransaction,
  ): Promise<void> {
    const occurrences = events.map(({ tenantId, data, time }) => ({
      tenantId,
      mode: data.mode,
      at: time,
      bytes: data.size_bytes,
    }));
    await this.count.execute(tx, { kind: 'accepted', billed: 'size' }, occurrences);
  }
}
