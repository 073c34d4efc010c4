import type { OutgoingMessage } from '../mail-sender.js';
import type { SendOutcome } from '../send-outcome.js';
import type { SmtpServer } from '../smtp-server.js';

/** A message that waits for a connection, or is on one. */
export interface QueuedMessage {
  readonly server: SmtpServer;
  readonly message: OutgoingMessage;
  readonly settle: (outcome: SendOutcome) => void;
  /** It has been taken by a connection that died before its body was sent. */
  retried: boolean;
}

/** Where a connection gets its messages from. */
export interface MessageSource {
  next(): QueuedMessage | undefined;
  /** The message was not sent, and a connection that had served before is no proof against the server. */
  giveBack(queued: QueuedMessage): boolean;
  /** The connection takes no more messages. */
  gone(connection: object): void;
}
