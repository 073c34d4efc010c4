import { Injectable } from '@nestjs/common';
import { TenantDatabase, type TenantTransaction } from '@penguinmails/database';
import type { Caller } from '@penguinmails/http';
import { conflict } from '@penguinmails/http/problem';
import { EventWriter } from '@penguinmails/outbox';
import { AddressHasher } from '../address/address-hasher.js';
import type { IdempotencyClaim } from '../idempotency/idempotency.repository.js';
import { IdempotentAnswer } from '../idempotency/idempotent-answer.js';
import { acceptanceEvents } from './acceptance-events.js';
import { AcceptanceRepository } from './acceptance.repository.js';
import { type Addresses, allowedSender, isInFuture, parseAddresses } from './acceptance-rules.js';
import { accept } from './email.js';
import { type EmailResource, emailResource } from './email-resource.js';
import type { EmailRow, EmailTag } from './email-row.js';
import { EmailRepository, type NewEmail } from './email.repository.js';

export interface AcceptCommand {
  readonly id: string;
  readonly storageKey: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly replyTo: string | null;
  readonly tags: readonly EmailTag[];
  readonly scheduledAt: Date | null;
  readonly sizeBytes: number;
  readonly idempotency?: IdempotencyClaim;
}

/** Takes over an e-mail whose content is stored: from its commit on, nothing of it may be lost. */
@Injectable()
export class AcceptEmail {
  constructor(
    private readonly tenants: TenantDatabase,
    private readonly acceptances: AcceptanceRepository,
    private readonly emails: EmailRepository,
    private readonly answers: IdempotentAnswer,
    private readonly events: EventWriter,
    private readonly hasher: AddressHasher,
  ) {}

  /**
   * @throws Problem 422 `validation_failed`, 422 `sender_not_allowed`, 403 `tenant_not_active`,
   *   429 `plan_limit_reached`, 409 `idempotency_holder_lost`; nothing is stored then
   */
  async execute(caller: Caller, command: AcceptCommand): Promise<EmailResource> {
    const addresses = parseAddresses(command);
    return await this.tenants.transaction(caller.tenantId, async (tx) => {
      await this.answers.hold(tx, command.idempotency);
      const email = await this.insert(tx, caller, command, addresses);
      const domainKey = this.hasher.domainKey(addresses.recipient.domain);
      await this.events.write(tx, acceptanceEvents(tx.tenantId, email, domainKey));
      const resource = emailResource(email);
      await this.answers.store(tx, command.idempotency, 202, resource);
      return resource;
    });
  }

  private async insert(
    tx: TenantTransaction,
    { mode }: Caller,
    command: AcceptCommand,
    { sender, recipient }: Addresses,
  ): Promise<EmailRow> {
    const recipientHash = this.hasher.addressHash(tx.tenantId, recipient.norm);
    const question = { mode, senderNorm: sender.norm, recipientHash };
    const [acceptance] = await this.acceptances.ask(tx, [question]);
    const { mailboxId, domain } = allowedSender(acceptance, mode);
    const stored = await this.emails.insert(tx, {
      ...columnsOf(command),
      mode,
      mailboxId,
      recipientNorm: recipient.norm,
      recipientHash,
      status: accept(isInFuture(command.scheduledAt), acceptance.suppressed),
      messageId: `<${command.id}@${domain}>`,
    });
    if (!stored) throw conflict('email_exists', 'There is an e-mail with this id.');
    return stored;
  }
}

type GivenColumns = Omit<
  NewEmail,
  'mode' | 'mailboxId' | 'recipientNorm' | 'recipientHash' | 'status' | 'messageId'
>;

function columnsOf(command: AcceptCommand): GivenColumns {
  const { id, from, to, replyTo, subject, storageKey, sizeBytes, tags, scheduledAt } = command;
  return {
    id,
    sender: from,
    recipient: to,
    replyTo,
    subject,
    storageKey,
    sizeBytes,
    tags,
    scheduledAt,
  };
}
