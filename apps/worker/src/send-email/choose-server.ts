import type { Envelope, MailboxTransport } from '../clients/oltp.client.js';
import type { SmtpServer } from '../smtp/smtp-server.js';

export interface PlatformServers {
  /** Relay for mailboxes without a server of their own. */
  readonly relay: SmtpServer;
  /** Where mail of test keys goes; null records the outcome without a connection. */
  readonly sandbox: SmtpServer | null;
}

/** Mail of a test key never leaves: it goes to the sandbox, or nowhere (architecture.md section 7). */
export function chooseServer(
  mode: Envelope['mode'],
  transport: Pick<MailboxTransport, 'smtp'>,
  servers: PlatformServers,
): SmtpServer | null {
  if (mode === 'test') return servers.sandbox;
  return transport.smtp ?? servers.relay;
}
