import { Controller } from '@nestjs/common';
import type { SystemTransaction } from '@penguinmails/database';
import { HandlesEvent, type ReceivedEvent } from '@penguinmails/outbox';
import { AttachContents } from './attach-contents.js';

const TYPE = 'penguinmails.email.accepted.v1';

/** An accepted e-mail claims its content, however late the news comes. */
@Controller()
export class OnEmailAccepted {
  constructor(private readonly attach: AttachContents) {}

  @HandlesEvent(TYPE, { login: 'system' })
  async handle(events: ReceivedEvent<typeof TYPE>[], tx: SystemTransaction): Promise<void> {
    const claims = events.map(({ tenantId, data }) => ({
      tenantId,
      storageKey: data.storage_key,
      ownerHint: data.email_id,
    }));
    await this.attach.execute(tx, claims);
  }
}
