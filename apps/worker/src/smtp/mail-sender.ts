import type { SendOutcome } from './send-outcome.js';
import type { SmtpServer } from './smtp-server.js';

/** One message for one recipient. The addresses are single addr-specs, checked again before use. */
export interface OutgoingMessage {
  readonly from: string;
  readonly to: string;
  /** The message as latin1 text: one character is one byte. */
  readonly raw: string;
  /** Only CRLF line ends, one at its end, and no line begins with a dot: none are looked for. */
  readonly clean?: boolean;
}

/** A message as text; or why there is none. */
export type WrittenMessage =
  Pick<OutgoingMessage, 'raw' | 'clean'> | { readonly outcome: SendOutcome };

/**
 * A message that is written when a connection takes it. Hundreds wait for a few connections: as text they
 * would outlive several garbage collections, each of which copies them.
 */
export interface PendingMessage {
  readonly from: string;
  readonly to: string;
  /** Called once at most; never throws. */
  write(): WrittenMessage;
}

export interface SmtpTimeouts {
  /** DNS, TCP and TLS together, ms. */
  readonly connectMs: number;
  /** Greeting, ms (RFC 5321 section 4.5.3.2.1: 5 minutes). */
  readonly greetingMs: number;
  /** Silence on an open connection, ms; the own client derives its phases from it. */
  readonly silenceMs: number;
}

export interface SmtpPoolLimits {
  /** Open connections to one server with one login. */
  readonly connections: number;
  /** Messages after which a connection is closed; servers count them too. */
  readonly messagesPerConnection: number;
  /** Time after which an idle connection is closed, ms. */
  readonly idleMs: number;
}

/** Sends messages over kept connections, a bounded number for each server and login. */
export interface MailSender {
  /** Sends one message; never rejects: a failure is an outcome. */
  send(server: SmtpServer, message: OutgoingMessage | PendingMessage): Promise<SendOutcome>;
  /**
   * Closes every connection, for good; a message on its way is cut and ends as its outcome says, one
   * that waits for a connection is not tried.
   */
  close(): void;
}

export function writtenOf(message: OutgoingMessage | PendingMessage): WrittenMessage {
  return 'write' in message ? message.write() : message;
}

const PROTOCOL_BREAKERS = /[\r\n\0<>, ]/;

/** Whether an address could change the dialogue, or is longer than RFC 5321 section 4.5.3.1.3 allows. */
export function breaksProtocol(address: string): boolean {
  return PROTOCOL_BREAKERS.test(address) || Buffer.byteLength(address) > 254;
}
