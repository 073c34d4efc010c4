import type { RefusalReason } from './email.js';
import type { EmailMode } from './email-row.js';
import type { EmailToBegin } from './attempt.repository.js';

/** What a worker needs to compose and address one e-mail. */
export interface Envelope {
  readonly mode: EmailMode;
  readonly from: { readonly address: string; readonly name: string | null };
  readonly to: string;
  readonly reply_to: string | null;
  readonly subject: string;
  readonly message_id: string;
  /** For the Date header: when the first attempt began, so that a second copy equals the first. */
  readonly date: string;
  readonly mailbox_id: string;
  readonly storage_key: string;
}

export type BeginAnswer =
  | { readonly email_id: string; readonly decision: 'send'; readonly envelope: Envelope }
  | { readonly email_id: string; readonly decision: 'refuse'; readonly reason: RefusalReason };

export function refused(emailId: string, reason: RefusalReason): BeginAnswer {
  return { email_id: emailId, decision: 'refuse', reason };
}

export function sendAnswer(email: EmailToBegin, firstBegunAt: Date): BeginAnswer {
  return {
    email_id: email.id,
    decision: 'send',
    envelope: {
      mode: email.mode,
      from: { address: email.sender, name: email.display_name },
      to: email.recipient,
      reply_to: email.reply_to,
      subject: email.subject,
      message_id: email.message_id,
      date: firstBegunAt.toISOString(),
      mailbox_id: email.mailbox_id,
      storage_key: email.content_storage_key,
    },
  };
}
