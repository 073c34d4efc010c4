import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server';
import { Arrivals } from './arrivals.js';

export interface SinkMessage {
  readonly from: string;
  readonly to: readonly string[];
  /** The whole message as it came over the wire. */
  readonly raw: Buffer;
  readonly receivedAt: Date;
}

export interface SinkReply {
  readonly code: number;
  readonly text: string;
}

export interface SmtpSinkOptions {
  /** Replies to RCPT TO by local part, beside bounced@ (550), deferred@ (451) and suppressed@ (550). */
  readonly replies?: Readonly<Record<string, SinkReply>>;
  /** Replies to the end of DATA by the local part of any recipient. */
  readonly dataReplies?: Readonly<Record<string, SinkReply>>;
  /** How long slow@ keeps the reply to DATA back, default 2,000 ms. */
  readonly slowMs?: number;
  /** slow@ is answered when this resolves, instead of after `slowMs`. */
  readonly slowUntil?: Promise<void>;
  /** When set, mail is taken after this login only. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

const MAGIC: Readonly<Record<string, SinkReply>> = {
  bounced: { code: 550, text: '5.1.1 no such mailbox here' },
  deferred: { code: 451, text: '4.2.1 this mailbox is busy, try again later' },
  suppressed: { code: 550, text: '5.7.1 this address asked not to get mail' },
};

function localPart(address: string): string {
  return address.slice(0, address.lastIndexOf('@')).toLowerCase().split('+')[0] ?? '';
}

function refusal({ code, text }: SinkReply): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

function recipientsOf({ envelope }: SMTPServerSession): string[] {
  return envelope.rcptTo.map(({ address }) => address);
}

/**
 * SMTP server in this process; keeps what it accepted. By the local part of a recipient (a `+tag`
 * aside): `slow@` is answered late, `cut@` loses its connection after DATA, unanswered and unkept.
 */
export class SmtpSink {
  private readonly arrivals = new Arrivals<SinkMessage>('message');
  private readonly sockets = new Map<number, Socket>();
  private readonly server: SMTPServer;

  private constructor(private readonly options: SmtpSinkOptions) {
    this.server = new SMTPServer({
      authOptional: options.credentials === undefined,
      allowInsecureAuth: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 200,
      onAuth: ({ username, password }, _session, done) => {
        const { credentials } = options;
        const known = username === credentials?.username && password === credentials?.password;
        done(known ? null : refusal({ code: 535, text: '5.7.8 wrong login' }), { user: username });
      },
      onRcptTo: ({ address }, _session, done) => {
        const reply = { ...MAGIC, ...options.replies }[localPart(address)];
        done(reply && refusal(reply));
      },
      onData: (stream, session, done) => {
        this.receive(stream, session).then((answered) => answered && done(), done);
      },
    });
    this.server.server.on('connection', (socket: Socket) => this.track(socket));
    // Clients that vanish in the middle of a dialogue are among the cases under test.
    this.server.on('error', (error) => this.errors.push(error));
  }

  /** Broken dialogues, such as connections that the client cut. */
  readonly errors: Error[] = [];

  static async start(options: SmtpSinkOptions = {}): Promise<SmtpSink> {
    const sink = new SmtpSink(options);
    sink.server.listen(0, '127.0.0.1');
    await once(sink.server.server, 'listening');
    return sink;
  }

  readonly host = '127.0.0.1';

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  /** For SMTP_URL, with the credentials when there are any. */
  get url(): string {
    const { username = '', password = '' } = this.options.credentials ?? {};
    const login = username && `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
    return `smtp://${login}${this.host}:${this.port}`;
  }

  get messages(): readonly SinkMessage[] {
    return this.arrivals.all;
  }

  /** Resolves with the first accepted message that matches, also one that came before. */
  waitFor(match: (message: SinkMessage) => boolean, timeoutMs = 90_000): Promise<SinkMessage> {
    return this.arrivals.waitFor(match, timeoutMs);
  }

  clear(): void {
    this.arrivals.all.length = 0;
  }

  /** Cuts what is still connected. */
  async stop(): Promise<void> {
    for (const socket of this.sockets.values()) socket.destroy();
    await new Promise<void>((resolve) => this.server.close(resolve));
  }

  private track(socket: Socket): void {
    const port = socket.remotePort ?? 0;
    this.sockets.set(port, socket);
    socket.once('close', () => this.sockets.delete(port));
  }

  /** False when the connection was cut and there is nobody to answer. */
  private async receive(stream: SMTPServerDataStream, session: SMTPServerSession) {
    const raw = await buffer(stream);
    const to = recipientsOf(session);
    const names = to.map(localPart);
    if (names.includes('cut')) {
      this.sockets.get(session.remotePort)?.destroy();
      return false;
    }
    const reply = names.map((name) => this.options.dataReplies?.[name]).find(Boolean);
    if (reply) throw refusal(reply);
    const { mailFrom } = session.envelope;
    const from = mailFrom ? mailFrom.address : '';
    this.arrivals.add({ from, to, raw, receivedAt: new Date() });
    const { slowMs = 2_000, slowUntil } = this.options;
    if (names.includes('slow')) await (slowUntil ?? delay(slowMs));
    return true;
  }
}
