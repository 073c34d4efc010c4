import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** Where the scripted server answers otherwise, or cuts the connection. */
export type Step = 'greeting' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot';
export type Script = Partial<Record<Step, string>>;

export const CUT = 'CUT';
/** No answer at all. */
export const SILENT = 'SILENT';

const NORMAL: Record<Step, string> = {
  greeting: '220 scripted ESMTP',
  ehlo: '250 scripted',
  mail: '250 2.1.0 ok',
  rcpt: '250 2.1.5 ok',
  data: '354 go',
  body: '',
  dot: '250 2.0.0 queued',
};

const STEPS: [RegExp, Step][] = [
  [/^EHLO/i, 'ehlo'],
  [/^MAIL/i, 'mail'],
  [/^RCPT/i, 'rcpt'],
  [/^DATA/i, 'data'],
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
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ScriptedServer> {
    const server = createServer();
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
    let text = '';
    let body = false;
    this.answer(socket, 'greeting');
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (body && this.script.body === CUT) return void socket.destroy();
      for (;;) {
        const end = body ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n');
        if (end < 0) return;
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
    const step = STEPS.find(([pattern]) => pattern.test(line))?.[1];
    if (step) return this.answer(socket, step).startsWith('354');
    const login = /^AUTH PLAIN (.+)/i.exec(line)?.[1];
    if (login) this.logins.push(Buffer.from(login, 'base64').toString());
    if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
    else socket.write('250 ok\r\n');
    return false;
  }

  private answer(socket: Socket, step: Step): string {
    const reply = this.script[step] ?? NORMAL[step];
    if (reply === CUT) socket.destroy();
    else if (reply === SILENT) this.silences += 1;
    else socket.write(`${reply}\r\n`);
    return reply;
  }
}
