import { Injectable } from '@nestjs/common';
import { AddressHasher } from '../address/address-hasher.js';
import type { AcceptCall } from './accept-together.js';
import type { AcceptanceQuestion, Acceptance } from './acceptance.repository.js';
import { type Addresses, allowedSender, isInFuture, parseAddresses } from './acceptance-rules.js';
import type { AcceptedEmail } from './accepted-email.repository.js';
import { accept } from './email.js';
import { emailResource } from './email-resource.js';
import type { EmailRow } from './email-row.js';

/** An e-mail with what decides about it. */
export interface AskedEmail {
  readonly call: AcceptCall;
  readonly addresses: Addresses;
  readonly question: AcceptanceQuestion;
  readonly acceptance: Acceptance;
}

/** An e-mail as it will stand when its statement has run. */
export interface DrawnEmail extends Omit<AcceptedEmail, 'n'> {
  readonly call: AcceptCall;
  readonly domainKey: string;
}

/** Draws up what an acceptance writes, before it is written. */
@Injectable()
export class AcceptanceDraft {
  constructor(private readonly hasher: AddressHasher) {}

  /** @throws Problem 422 `validation_failed` */
  read(call: AcceptCall): Omit<AskedEmail, 'acceptance'> {
    const addresses = parseAddresses(call.command);
    const { sender, recipient } = addresses;
    const { tenantId, mode } = call.caller;
    const recipientHash = this.hasher.addressHash(tenantId, recipient.norm);
    return { call, addresses, question: { mode, senderNorm: sender.norm, recipientHash } };
  }

  /** @throws Problem 403 `tenant_not_active`, 422 `sender_not_allowed`, 429 `plan_limit_reached` */
  draw({ call, addresses, question, acceptance }: AskedEmail): DrawnEmail {
    const { mailboxId, domain } = allowedSender(acceptance, question.mode);
    const row = rowOf(call, acceptance, { mailboxId, domain });
    const { recipient } = addresses;
    return {
      call,
      row,
      recipientNorm: recipient.norm,
      recipientHash: question.recipientHash,
      claim: call.command.idempotency,
      resource: emailResource(row),
      domainKey: this.hasher.domainKey(recipient.domain),
    };
  }
}

function rowOf(
  { caller, command }: AcceptCall,
  { askedAt, suppressed }: Acceptance,
  sender: { readonly mailboxId: string; readonly domain: string },
): EmailRow {
  const status = accept(isInFuture(command.scheduledAt), suppressed);
  return {
    id: command.id,
    mode: caller.mode,
    mailbox_id: sender.mailboxId,
    sender: command.from,
    recipient: command.to,
    reply_to: command.replyTo,
    subject: command.subject,
    content_storage_key: command.storageKey,
    size_bytes: command.sizeBytes,
    status,
    attempt: 0,
    message_id: `<${command.id}@${sender.domain}>`,
    tags: command.tags,
    scheduled_at: command.scheduledAt,
    sent_at: null,
    finished_at: status === 'suppressed' ? askedAt : null,
    last_error_code: null,
    created_at: askedAt,
    updated_at: askedAt,
    row_version: 1,
  };
}
