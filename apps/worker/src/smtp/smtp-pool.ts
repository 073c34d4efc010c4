import { classifyError, type SmtpError } from './classify-error.js';
import {
  type MailSender,
  type OutgoingMessage,
  type PendingMessage,
  type SmtpPoolLimits,
  type SmtpTimeouts,
  writtenOf,
} from './mail-sender.js';
import { notTried, type SendOutcome } from './send-outcome.js';
import { serverKey, type SmtpServer } from './smtp-server.js';
import { SmtpSession } from './smtp-session.js';

/** The connections to one server: idle ones are kept, further senders wait their turn in order. */
class ServerConnections {
  readonly open = new Set<SmtpSession>();
  private readonly idle: { session: SmtpSession; timer: NodeJS.Timeout }[] = [];
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(
    private readonly limits: SmtpPoolLimits,
    private readonly timeouts: SmtpTimeouts,
  ) {}

  /** Nobody sends and no connection is kept. */
  get unused(): boolean {
    return this.taken === 0 && this.open.size === 0;
  }

  /** Waits for a slot; the caller gives it back with {@link leave}. */
  async enter(): Promise<void> {
    if (this.taken < this.limits.connections) this.taken += 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  leave(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.taken -= 1;
  }

  takeIdle(): SmtpSession | undefined {
    for (let kept = this.idle.pop(); kept; kept = this.idle.pop()) {
      clearTimeout(kept.timer);
      if (kept.session.usable) return kept.session;
      this.open.delete(kept.session);
    }
    return undefined;
  }

  /** The server's password is used and not kept: mailboxes change theirs. */
  async connect(server: SmtpServer, cut: AbortSignal): Promise<SmtpSession> {
    const session = await SmtpSession.open(server, this.timeouts, cut);
    this.open.add(session);
    return session;
  }

  keep(session: SmtpSession): void {
    if (!session.usable || session.sent >= this.limits.messagesPerConnection) this.drop(session);
    else
      this.idle.push({
        session,
        timer: setTimeout(() => this.expire(session), this.limits.idleMs),
      });
  }

  drop(session: SmtpSession): void {
    this.open.delete(session);
    if (session.usable) session.close();
  }

  closeAll(): void {
    for (const { session, timer } of this.idle.splice(0)) {
      clearTimeout(timer);
      this.drop(session);
    }
    for (const session of this.open) session.abort();
  }

  private expire(session: SmtpSession): void {
    const index = this.idle.findIndex((kept) => kept.session === session);
    if (index >= 0) this.idle.splice(index, 1);
    this.drop(session);
  }
}

/** The sender over nodemailer's connection: the fallback of the own client. */
export class SmtpPool implements MailSender {
  private readonly servers = new Map<string, ServerConnections>();
  private readonly closing = new AbortController();

  constructor(
    private readonly limits: SmtpPoolLimits,
    private readonly timeouts: SmtpTimeouts,
  ) {}

  async send(server: SmtpServer, message: OutgoingMessage | PendingMessage): Promise<SendOutcome> {
    const connections = this.connectionsTo(server);
    await connections.enter();
    try {
      if (this.closed) return notTried;
      const written = writtenOf(message);
      if ('outcome' in written) return written.outcome;
      const { from, to } = message;
      return await this.sendOver(connections, server, { from, to, ...written });
    } catch (error) {
      return this.closed ? notTried : classifyError(error as SmtpError, false);
    } finally {
      connections.leave();
    }
  }

  close(): void {
    this.closing.abort();
    for (const connections of this.servers.values()) connections.closeAll();
  }

  private get closed(): boolean {
    return this.closing.signal.aborted;
  }

  /** A kept connection may have died unseen: a loss before the body gets one try on a new one. */
  private async sendOver(
    connections: ServerConnections,
    server: SmtpServer,
    message: OutgoingMessage,
  ): Promise<SendOutcome> {
    const kept = connections.takeIdle();
    if (kept) {
      const outcome = await sendAndKeep(connections, kept, message);
      if (this.closed || outcome.errorCode !== 'smtp_connection_lost') return outcome;
    }
    const fresh = await connections.connect(server, this.closing.signal);
    return sendAndKeep(connections, fresh, message);
  }

  private connectionsTo(server: SmtpServer): ServerConnections {
    const key = serverKey(server);
    const known = this.servers.get(key);
    if (known) return known;
    this.forgetUnused();
    const created = new ServerConnections(this.limits, this.timeouts);
    this.servers.set(key, created);
    return created;
  }

  private forgetUnused(): void {
    for (const [key, connections] of this.servers) if (connections.unused) this.servers.delete(key);
  }
}

async function sendAndKeep(
  connections: ServerConnections,
  session: SmtpSession,
  message: OutgoingMessage,
): Promise<SendOutcome> {
  const outcome = await session.send(message);
  connections.keep(session);
  return outcome;
}
