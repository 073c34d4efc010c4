import { type OutgoingMessage, type PendingMessage, writtenOf } from '../mail-sender.js';
import type { SendOutcome } from '../send-outcome.js';
import type { SmtpServer } from '../smtp-server.js';

/** A message that waits for a connection, or is on one. */
export class QueuedMessage {
  /** It has been taken by a connection that died before its body was sent. */
  retried = false;
  private text: OutgoingMessage | undefined;
  private refused: SendOutcome | undefined;

  constructor(
    readonly server: SmtpServer,
    private readonly pending: OutgoingMessage | PendingMessage,
    readonly settle: (outcome: SendOutcome) => void,
  ) {}

  /** Writes it if nobody has. @returns why there is no such message */
  write(): SendOutcome | undefined {
    if (this.text || this.refused) return this.refused;
    const written = writtenOf(this.pending);
    if ('outcome' in written) this.refused = written.outcome;
    else this.text = { from: this.pending.from, to: this.pending.to, ...written };
    return this.refused;
  }

  /** @throws TypeError before it is written */
  get message(): OutgoingMessage {
    if (!this.text) throw new TypeError('the message is not written yet');
    return this.text;
  }
}

/** Where a connection gets its messages from. */
export interface MessageSource {
  next(): QueuedMessage | undefined;
  /** The message was not sent, and a connection that had served before is no proof against the server. */
  giveBack(queued: QueuedMessage): boolean;
  /** The connection takes no more messages. */
  gone(connection: object): void;
}
