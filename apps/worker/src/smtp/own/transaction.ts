import { breaksProtocol, type OutgoingMessage } from '../mail-sender.js';
import { outcomeOfError, outcomeOfReply, type SendOutcome } from '../send-outcome.js';
import type { Extensions } from './extensions.js';
import type { QueuedMessage } from './message-source.js';
import type { Reply, SmtpFailure } from './smtp-failure.js';
import { needsUtf8 } from './wire-text.js';

/** One message on one connection, and what is known of it (the rule table of reference/smtp.md). */
export class Transaction {
  /** The first refusal counts; replies to commands that were already on their way do not. */
  refusal: Reply | undefined;
  /** The last byte went to the socket: from here a loss is `unknown`. */
  handedOver = false;

  constructor(readonly queued: QueuedMessage) {}

  get message(): OutgoingMessage {
    return this.queued.message;
  }

  refuse(reply: Reply): void {
    this.refusal ??= reply;
  }

  /** By the reply to the final dot, or by the refusal before it. */
  settle(reply: Reply): void {
    this.queued.settle(outcomeOfReply(kindOf(reply), reply.text));
  }

  /** The outcome of a lost connection. */
  lost(failure: SmtpFailure): SendOutcome {
    if (this.refusal) return outcomeOfReply(kindOf(this.refusal), this.refusal.text);
    return this.handedOver ? outcomeOfError('unknown', 'outcome_unknown') : failure.deferred;
  }
}

function kindOf({ code }: Reply): SendOutcome['kind'] {
  if (code >= 500) return 'bounced';
  return code >= 400 ? 'deferred' : 'delivered';
}

/** What this server need not be asked, because the answer is known. */
export function refusedUnasked(
  message: OutgoingMessage,
  { size, smtpUtf8 }: Extensions,
): SendOutcome | undefined {
  const unsayable = needsUtf8(message) && !smtpUtf8;
  if (unsayable || breaksProtocol(message.from) || breaksProtocol(message.to))
    return outcomeOfError('failed', 'envelope_refused');
  if (size && message.raw.length > size) return outcomeOfError('bounced', 'message_too_large');
  return undefined;
}
