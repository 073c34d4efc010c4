import { Injectable } from '@nestjs/common';
import { TenantDatabase } from '@penguinmails/database';
import { conflict, notFound } from '@penguinmails/http/problem';
import { EventWriter, type AnyNewEvent } from '@penguinmails/outbox';
import { mayCancel } from './email.js';
import { emailEvent } from './email-events.js';
import { type EmailResource, emailResource } from './email-resource.js';
import { type EmailRow, stateOf } from './email-row.js';
import { EmailRepository } from './email.repository.js';

/** Cancels an e-mail that no attempt is under way for. The row's lock decides against a begin. */
@Injectable()
export class CancelEmail {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly emails: EmailRepository,
    private readonly events: EventWriter,
  ) {}

  /** @throws Problem 404, 409 `email_not_cancellable` */
  async execute(tenantId: string, id: string): Promise<EmailResource> {
    return await this.tenants.transaction(tenantId, async (tx) => {
      const email = await this.emails.findForUpdate(tx, id);
      if (!email) throw notFound();
      if (!mayCancel(stateOf(email))) throw notCancellable(email);
      const cancelled = await this.emails.cancel(tx, id);
      await this.events.write(tx, cancellationEvents(tenantId, cancelled));
      return emailResource(cancelled);
    });
  }
}

function cancellationEvents(tenantId: string, email: EmailRow): AnyNewEvent[] {
  const { id, mode, mailbox_id: mailboxId, row_version: version, updated_at } = email;
  const withdrawn: AnyNewEvent = {
    type: 'penguinmails.email.withdrawn.v1',
    tenantId,
    subject: id,
    entityVersion: version,
    data: { email_id: id, reason: 'cancelled' },
  };
  return [
    withdrawn,
    emailEvent('cancelled', { tenantId, id, mode, mailboxId, version }, updated_at),
  ];
}

function notCancellable({ status }: EmailRow) {
  return conflict('email_not_cancellable', `An e-mail that is ${status} cannot be cancelled.`);
}
