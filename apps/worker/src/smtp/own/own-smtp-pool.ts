import type {
  MailSender,
  OutgoingMessage,
  PendingMessage,
  SmtpPoolLimits,
  SmtpTimeouts,
} from '../mail-sender.js';
import { notTried, type SendOutcome } from '../send-outcome.js';
import { serverKey, type SmtpServer } from '../smtp-server.js';
import { type MessageSource, QueuedMessage } from './message-source.js';
import { openWire } from './open-wire.js';
import { OwnSmtpConnection } from './own-smtp-connection.js';
import { phasesOf } from './phases.js';
import { SmtpFailure } from './smtp-failure.js';

/** The messages for one server, and the connections that take them in their order. */
class ServerQueue implements MessageSource {
  private readonly waiting: QueuedMessage[] = [];
  private readonly connections = new Set<OwnSmtpConnection>();
  private opening = 0;
  private writesAhead = false;

  constructor(
    private readonly limits: SmtpPoolLimits,
    private readonly timeouts: SmtpTimeouts,
    private readonly closing: AbortSignal,
  ) {}

  get unused(): boolean {
    return this.waiting.length + this.connections.size + this.opening === 0;
  }

  add(queued: QueuedMessage): void {
    this.waiting.push(queued);
    this.dispatch();
  }

  next(): QueuedMessage | undefined {
    if (this.waiting.length > 1 && !this.writesAhead) {
      this.writesAhead = true;
      setImmediate(() => this.writeAhead());
    }
    return this.waiting.shift();
  }

  giveBack(queued: QueuedMessage): boolean {
    if (queued.retried || this.closing.aborted) return false;
    queued.retried = true;
    this.waiting.unshift(queued);
    return true;
  }

  gone(connection: OwnSmtpConnection): void {
    this.connections.delete(connection);
    this.dispatch();
  }

  close(): void {
    for (const { settle } of this.waiting.splice(0)) settle(notTried);
    for (const connection of [...this.connections]) connection.close();
  }

  /**
   * Writes what the connections take next, when all that answered at once have got theirs: these then go
   * out in one burst, and the servers have work meanwhile. One between two of them would wake a server
   * for each message.
   */
  private writeAhead(): void {
    this.writesAhead = false;
    for (const queued of this.waiting.slice(0, this.connections.size)) queued.write();
  }

  /** An idle connection takes what waits; else one more is opened for it, within the limit. */
  private dispatch(): void {
    for (const connection of [...this.connections]) {
      if (this.waiting.length === 0) return;
      if (connection.isIdle) connection.wake();
    }
    while (this.wantsConnection) {
      this.opening += 1;
      void this.connect(this.waiting[0].server);
    }
  }

  private get wantsConnection(): boolean {
    const room = this.connections.size + this.opening < this.limits.connections;
    const soon = [...this.connections].filter(({ isSoonIdle }) => isSoonIdle).length;
    return room && this.opening + soon < this.waiting.length && !this.closing.aborted;
  }

  /** The server's password is used and not kept: mailboxes change theirs. */
  private async connect(server: SmtpServer): Promise<void> {
    const phases = phasesOf(this.timeouts);
    try {
      const opened = await openWire(server, phases, this.closing);
      this.opening -= 1;
      const connection = new OwnSmtpConnection(this, opened, phases, this.limits);
      this.connections.add(connection);
      if (opened.wire.failure) this.gone(connection);
      else connection.wake();
    } catch (error) {
      this.opening -= 1;
      this.unreachable(error instanceof SmtpFailure ? error : new SmtpFailure('smtp_unusable'));
    }
  }

  /** What waits is served by other connections, if there are any; else it is for the queue to retry. */
  private unreachable(failure: SmtpFailure): void {
    if (this.connections.size + this.opening > 0) return;
    for (const { settle } of this.waiting.splice(0)) settle(failure.deferred);
  }
}

/** The sender over our own SMTP client. */
export class OwnSmtpPool implements MailSender {
  private readonly servers = new Map<string, ServerQueue>();
  private readonly closing = new AbortController();

  constructor(
    private readonly limits: SmtpPoolLimits,
    private readonly timeouts: SmtpTimeouts,
  ) {}

  send(server: SmtpServer, message: OutgoingMessage | PendingMessage): Promise<SendOutcome> {
    if (this.closing.signal.aborted) return Promise.resolve(notTried);
    return new Promise((settle) =>
      this.queueOf(server).add(new QueuedMessage(server, message, settle)),
    );
  }

  close(): void {
    this.closing.abort();
    for (const queue of this.servers.values()) queue.close();
  }

  private queueOf(server: SmtpServer): ServerQueue {
    const key = serverKey(server);
    const known = this.servers.get(key);
    if (known) return known;
    for (const [other, queue] of this.servers) if (queue.unused) this.servers.delete(other);
    const created = new ServerQueue(this.limits, this.timeouts, this.closing.signal);
    this.servers.set(key, created);
    return created;
  }
}
