import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SmtpServer } from '../smtp-server.js';
import { Deadline } from './deadline.js';
import { ReplyParser } from './reply-parser.js';
import { failureOfSocket, type Reply, SmtpFailure } from './smtp-failure.js';

interface Expected {
  /** How long the reply may take once it is the next one, ms. */
  readonly ms: number;
  readonly settle: (reply: Reply) => void;
}

const READ_BUFFER_BYTES = 16 * 1024;
/** A server that does not close after QUIT is left. */
const QUIT_MS = 5_000;

/** A socket that writes commands and gives each reply to whoever waits for it, in order. */
export class Wire {
  /** Called once, when the connection is lost or given up; the replies still expected never come. */
  onLost: (failure: SmtpFailure) => void = () => undefined;
  /** Why it was lost; undefined while it stands. */
  failure: SmtpFailure | undefined;
  /** The server has said 421: nothing new is begun. */
  leaving = false;
  /** Bytes are encrypted. */
  secure = false;
  private socket: Socket;
  private connected = false;
  private securing = false;
  private readonly deadline = new Deadline(() => this.end(new SmtpFailure('smtp_timeout')));
  private readonly expected: Expected[] = [];
  private readonly parser = new ReplyParser((reply) => this.settle(reply));

  constructor(private readonly server: SmtpServer) {}

  /** @throws SmtpFailure no connection, or no verified TLS where the server wants it from the start */
  open(ms: number): Promise<void> {
    const { host, port, security } = this.server;
    if (security === 'tls') return this.secureOver(this.tlsSocket({ port }), ms);
    if (security === 'starttls') this.adopt(connect({ host, port, noDelay: true }), true);
    else this.adopt(connect({ host, port, noDelay: true, onread: this.reader() }), false);
    return this.until('connect', ms);
  }

  /**
   * The handshake after STARTTLS.
   * @throws SmtpFailure also when something was sent in clear behind the 220, which could be injected
   */
  upgrade(ms: number): Promise<void> {
    if (this.parser.pending) this.end(new SmtpFailure('smtp_protocol_error'));
    if (this.failure) return Promise.reject(this.failure);
    const raw = this.socket;
    raw.removeAllListeners();
    return this.secureOver(this.tlsSocket({ socket: raw }), ms);
  }

  write(text: string, taken?: () => void): void {
    if (!this.failure) this.socket.write(text, 'latin1', taken && ((error) => error ?? taken()));
  }

  /** Announces the next reply in order. */
  expect(ms: number, settle: (reply: Reply) => void): void {
    if (this.expected.push({ ms, settle }) === 1) this.deadline.set(ms);
  }

  /** Starts the time of the reply that is waited for anew. */
  extend(ms: number): void {
    if (!this.failure) this.deadline.set(ms);
  }

  /** One command and its reply; without a command it waits for the greeting. @throws SmtpFailure */
  ask(command: string | undefined, ms: number): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.failure) return void reject(this.failure);
      this.onLost = reject;
      this.expect(ms, resolve);
      if (command !== undefined) this.write(`${command}\r\n`);
    });
  }

  /** Where this end is, as EHLO wants it (RFC 5321 section 4.1.3). */
  get addressLiteral(): string {
    const { localAddress = '127.0.0.1', localFamily } = this.socket;
    return localFamily === 'IPv6' ? `[IPv6:${localAddress}]` : `[${localAddress}]`;
  }

  /** Takes leave; what the server still says is not read. */
  quit(): void {
    if (this.failure || !this.connected) return;
    this.retire(new SmtpFailure('smtp_connection_lost'));
    const { socket } = this;
    socket.end('QUIT\r\n');
    const timer = setTimeout(() => socket.destroy(), QUIT_MS);
    socket.once('close', () => clearTimeout(timer));
  }

  /** Gives the connection up at once. */
  end(failure: SmtpFailure): void {
    if (this.failure) return;
    this.retire(failure);
    this.socket.destroy();
    this.onLost(failure);
  }

  private retire(failure: SmtpFailure): void {
    this.failure = failure;
    this.deadline.stop();
  }

  private settle(reply: Reply): void {
    if (this.failure) return;
    const waiting = this.expected.shift();
    if (!waiting && reply.code !== 421) throw new SmtpFailure('smtp_protocol_error');
    const [next] = this.expected;
    if (next) this.deadline.set(next.ms);
    else this.deadline.clear();
    // RFC 5321 section 3.8: the server closes after 421, whatever it was asked.
    this.leaving = reply.code === 421;
    waiting?.settle(reply);
    if (this.leaving) this.end(new SmtpFailure('smtp_connection_lost', reply));
  }

  private read(bytes: string): void {
    if (this.failure) return;
    try {
      this.parser.feed(bytes);
    } catch (error) {
      if (!(error instanceof SmtpFailure)) throw error;
      this.end(error);
    }
  }

  /** One buffer for all reads of the connection. */
  private reader() {
    const callback = (length: number, bytes: Uint8Array) => {
      this.read((bytes as Buffer).toString('latin1', 0, length));
      return true;
    };
    return { buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES), callback };
  }

  private adopt(socket: Socket, reads: boolean): void {
    this.socket = socket;
    if (reads) socket.on('data', (bytes: Buffer) => this.read(bytes.toString('latin1')));
    socket.on('error', (error) => this.end(failureOfSocket(error, this.securing)));
    socket.on('close', () => this.end(failureOfSocket(new Error('closed'), this.securing)));
  }

  /** The certificate is verified against the name that was asked for. */
  private tlsSocket(over: { socket: Socket } | { port: number }): Socket {
    const { host } = this.server;
    return connectTls({ ...over, host, ...(isIP(host) === 0 && { servername: host }) });
  }

  private async secureOver(socket: Socket, ms: number): Promise<void> {
    this.securing = true;
    this.adopt(socket, true);
    await this.until('secureConnect', ms);
    socket.setNoDelay(true);
    this.securing = false;
    this.secure = true;
  }

  private until(event: string, ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.onLost = reject;
      this.deadline.set(ms);
      this.socket.once(event, () => {
        this.deadline.clear();
        this.connected = true;
        resolve();
      });
    });
  }
}
