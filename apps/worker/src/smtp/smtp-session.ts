import SMTPConnection, {
  type SMTPConnectionOptions,
  type SMTPEnvelope,
} from 'nodemailer/lib/smtp-connection';
import { classifyError, type SmtpError } from './classify-error.js';
import { breaksProtocol, type OutgoingMessage, type SmtpTimeouts } from './mail-sender.js';
import { outcomeOfReply, type SendOutcome } from './send-outcome.js';
import type { SmtpServer } from './smtp-server.js';
import { WatchedSource } from './watched-source.js';

/** One open connection to one server; sends one message at a time. */
export class SmtpSession {
  sent = 0;
  #broken = false;
  #cut: ((error: Error) => void) | undefined;

  private constructor(private readonly connection: SMTPConnection) {
    connection.on('end', () => (this.#broken = true));
    connection.on('error', () => (this.#broken = true));
  }

  /**
   * Connects, upgrades and logs in.
   * @param cut ends it early
   * @throws SmtpError: nothing was sent, so the outcome is never `unknown`
   */
  static async open(
    server: SmtpServer,
    timeouts: SmtpTimeouts,
    cut: AbortSignal,
  ): Promise<SmtpSession> {
    const connection = new SMTPConnection(connectionOptions(server, timeouts));
    const session = new SmtpSession(connection);
    await settle(connection, cut, (done) => connection.connect(done));
    if (server.username !== null) {
      const credentials = { user: server.username, pass: server.password ?? '' };
      await settle(connection, cut, (done) => connection.login({ credentials }, done));
    }
    return session;
  }

  /** False once the connection is lost or its transaction state is not known. */
  get usable(): boolean {
    return !this.#broken;
  }

  /** Sends one message and says what became of it; never rejects. */
  async send({ from, to, raw }: OutgoingMessage): Promise<SendOutcome> {
    const source = new WatchedSource(Buffer.from(raw, 'latin1'));
    this.sent += 1;
    try {
      refuseProtocolBreakers(from, to);
      const envelope = { from, to: [to], size: raw.length };
      return outcomeOfReply('delivered', await this.#transmit(envelope, source));
    } catch (error) {
      return await this.#afterFailure(error as SmtpError, source.handedOver);
    }
  }

  /** Says QUIT and closes. */
  close(): void {
    this.#broken = true;
    this.connection.quit();
  }

  /** Cuts the connection; a message on its way ends as if the server had. */
  abort(): void {
    this.#broken = true;
    this.connection.close();
    // nodemailer forgets the message in flight when it is closed, so it is failed here.
    this.#cut?.(cutError());
  }

  /** The server's reply to the final dot. */
  #transmit(envelope: SMTPEnvelope, source: WatchedSource): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#cut = reject;
      this.connection.send(envelope, source, (error, info) =>
        error ? reject(error) : resolve(String(info.response)),
      );
    });
  }

  /** A refusal leaves the connection usable after RSET (RFC 5321 section 4.1.1.5). */
  async #afterFailure(error: SmtpError, handedOver: boolean): Promise<SendOutcome> {
    const outcome = classifyError(error, handedOver);
    if (error.command === 'CONN' || outcome.code === null || outcome.code === 421) this.close();
    if (this.usable) await this.#reset();
    return outcome;
  }

  #reset(): Promise<void> {
    return new Promise((resolve) =>
      this.connection.reset((error) => {
        if (error) this.close();
        resolve();
      }),
    );
  }
}

function refuseProtocolBreakers(...addresses: string[]): void {
  const broken = addresses.some(breaksProtocol);
  if (broken) throw Object.assign(new Error('address refused'), { code: 'EENVELOPE' });
}

function connectionOptions(server: SmtpServer, timeouts: SmtpTimeouts): SMTPConnectionOptions {
  return {
    host: server.host,
    port: server.port,
    secure: server.security === 'tls',
    requireTLS: server.security === 'starttls',
    ignoreTLS: server.security === 'none',
    allowInternalNetworkInterfaces: true,
    connectionTimeout: timeouts.connectMs,
    dnsTimeout: timeouts.connectMs,
    greetingTimeout: timeouts.greetingMs,
    socketTimeout: timeouts.silenceMs,
  };
}

/** A connection reports a failure either to the callback or as its 'error' event. */
function settle(
  connection: SMTPConnection,
  cut: AbortSignal,
  step: (done: (error?: Error | null) => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onCut = () => {
      connection.close();
      reject(cutError());
    };
    cut.addEventListener('abort', onCut, { once: true });
    connection.once('error', reject);
    step((error) => {
      connection.off('error', reject);
      cut.removeEventListener('abort', onCut);
      if (error) reject(error);
      else resolve();
    });
  });
}

function cutError(): Error {
  return Object.assign(new Error('cut'), { code: 'ECONNECTION', command: 'CONN' });
}
