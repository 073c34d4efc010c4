import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Where the scripted server answers otherwise, or cuts the connection. */
export type Step =
  | 'greeting'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'auth'
  | 'mail'
  | 'rcpt'
  | 'data'
  | 'body'
  | 'dot'
  | 'rset';
export type Script = Partial<Record<Step, string>>;

export const CUT = 'CUT';
/** No answer at all. */
export const SILENT = 'SILENT';
/** Sends what stands before it, and then cuts. */
export const THEN_CUT = '>CUT';

const NORMAL: Record<Step, string> = {
  greeting: '220 scripted ESMTP',
  ehlo: '250 scripted',
  helo: '250 scripted',
  starttls: '220 go ahead',
  auth: '235 2.7.0 in',
  mail: '250 2.1.0 ok',
  rcpt: '250 2.1.5 ok',
  data: '354 go',
  body: '',
  dot: '250 2.0.0 queued',
  rset: '250 2.0.0 reset',
};

const STEPS: [RegExp, Step][] = [
  [/^EHLO/i, 'ehlo'],
  [/^HELO/i, 'helo'],
  [/^MAIL/i, 'mail'],
  [/^RCPT/i, 'rcpt'],
  [/^DATA/i, 'data'],
  [/^RSET/i, 'rset'],
  [/^STARTTLS/i, 'starttls'],
];

/** An SMTP server of plain sockets that follows a script; keeps what it accepted. */
export class ScriptedServer {
  readonly accepted: string[] = [];
  /** AUTH PLAIN, decoded: identity, user and password with NUL between. */
  readonly logins: string[] = [];
  connections = 0;
  /** Commands that were left without an answer. */
  silences = 0;
  script: Script = {};
  /** Runs before each answer to a step, so that a script can change in the middle of a dialogue. */
  onStep: (step: Step) => void = () => undefined;
  /** Each write of the client as it came, latin1. */
  readonly chunks: string[] = [];
  /** Command lines in their order. */
  readonly commands: string[] = [];
  /** The greetings of new connections wait for it. */
  greetAfter: Promise<void> | undefined;
  /** Replies go out one byte at a time. */
  byteByByte = false;
  /** TLS from the first byte, or after STARTTLS. */
  tls: { key: string; cert: string; implicit: boolean } | undefined;
  private readonly sockets = new Set<Socket>();
  private readonly mute = new WeakSet<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedServer> {
    const server = createServer({ noDelay: true });
    const scripted = new ScriptedServer(server);
    server.on('connection', (socket) => scripted.serve(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Cuts every open connection, as an idle time-out of the server would. */
  cutAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cutAll();
    this.server.close();
    await once(this.server, 'close');
  }

  private serve(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const spoken = this.tls?.implicit ? this.secured(socket) : socket;
    const greet = () => this.answer(spoken, 'greeting');
    if (this.greetAfter) void this.greetAfter.then(greet);
    else greet();
    this.listen(spoken);
  }

  private secured(socket: Socket): Socket {
    const secured = new TLSSocket(socket, { isServer: true, ...this.tls });
    secured.on('error', () => socket.destroy());
    return secured;
  }

  private listen(socket: Socket): void {
    let text = '';
    let body = false;
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk.toString('latin1'));
      text += chunk.toString('latin1');
      if (body && this.script.body === CUT) return void socket.destroy();
      for (;;) {
        const end = body ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
        if (body && text.startsWith('.\r\n')) {
          text = text.slice(3);
          body = this.endBody(socket, '');
          continue;
        }
        if (end < 0 || socket.destroyed) return;
        const part = text.slice(0, end);
        text = text.slice(end + (body ? 5 : 2));
        body = body ? this.endBody(socket, part) : this.command(socket, part);
      }
    });
  }

  private endBody(socket: Socket, message: string): boolean {
    if (this.answer(socket, 'dot').startsWith('2')) this.accepted.push(message);
    return false;
  }

  private command(socket: Socket, line: string): boolean {
    this.commands.push(line);
    const login = /^AUTH PLAIN (.+)/i.exec(line)?.[1];
    if (login) this.logins.push(Buffer.from(login, 'base64').toString());
    const step = STEPS.find(([pattern]) => pattern.test(line))?.[1];
    if (step) return this.answer(socket, step, line).startsWith('354');
    if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
    else this.answer(socket, 'auth');
    return false;
  }

  private answer(socket: Socket, step: Step, line = ''): string {
    this.onStep(step);
    const scripted = this.script[step] ?? NORMAL[step];
    // In a dialogue of several lines, such as AUTH LOGIN, each takes the next of `|` separated replies.
    const [reply = '', ...rest] = scripted.split('|');
    if (rest.length > 0) this.script = { ...this.script, [step]: rest.join('|') };
    if (this.mute.has(socket)) return SILENT;
    if (reply === CUT) socket.destroy();
    else if (reply === SILENT) this.fallSilent(socket);
    else if (reply.endsWith(THEN_CUT)) socket.end(reply.slice(0, -THEN_CUT.length));
    else this.write(socket, `${reply}\r\n`);
    if (/^STARTTLS/i.test(line) && reply.startsWith('220')) this.upgrade(socket);
    return reply;
  }

  /** It says nothing more on this connection, whatever else is asked. */
  private fallSilent(socket: Socket): void {
    this.silences += 1;
    this.mute.add(socket);
  }

  private write(socket: Socket, reply: string): void {
    if (!this.byteByByte) return void socket.write(reply);
    for (const byte of reply) socket.write(byte);
  }

  /** Without a certificate of its own it closes in place of the handshake. */
  private upgrade(socket: Socket): void {
    socket.removeAllListeners('data');
    if (this.tls) this.listen(this.secured(socket));
    else socket.end();
  }
}
