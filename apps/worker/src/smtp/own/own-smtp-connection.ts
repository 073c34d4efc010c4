import type { SmtpPoolLimits } from '../mail-sender.js';
import type { MessageSource } from './message-source.js';
import type { OpenWire } from './open-wire.js';
import type { Phases } from './phases.js';
import { type Reply, SmtpFailure } from './smtp-failure.js';
import { refusedUnasked, Transaction } from './transaction.js';
import { mailCommand, rcptCommand, wireText } from './wire-text.js';
import { writeBody } from './write-body.js';

/**
 * One connection that takes message after message from its source. With PIPELINING the envelope of the
 * next message travels in the write that ends the previous body (RFC 2920), and its body still waits for
 * its own 354: a cut leaves one message unknown at most, and the next one unsent.
 */
export class OwnSmtpConnection {
  /** In order of their replies: at most one with its body on the way, and one envelope behind it. */
  private readonly open: Transaction[] = [];
  private taken = 0;
  private done = 0;
  private resetting = false;
  private idle: NodeJS.Timeout | undefined;

  constructor(
    private readonly source: MessageSource,
    private readonly opened: OpenWire,
    private readonly phases: Phases,
    private readonly limits: SmtpPoolLimits,
  ) {
    opened.wire.onLost = (failure) => this.lost(failure);
  }

  /** Nothing is on its way: {@link wake} would take a message at once. */
  get isIdle(): boolean {
    return this.open.length === 0 && !this.resetting && !this.opened.wire.failure;
  }

  /** Only the reply to RSET is missing. */
  get isSoonIdle(): boolean {
    return this.resetting && this.open.length === 0;
  }

  /** Takes the next message if there is one; else waits for it, or takes leave. */
  wake(): void {
    clearTimeout(this.idle);
    if (!this.isIdle) return;
    const envelope = this.nextEnvelope();
    if (envelope !== '') this.opened.wire.write(envelope);
    else if (this.spent) this.leave();
    else this.idle = setTimeout(() => this.leave(), this.limits.idleMs);
  }

  /** Ends the connection at once; a message on its way ends as if the server had cut it. */
  close(): void {
    if (this.isIdle) this.leave();
    else this.opened.wire.end(new SmtpFailure('smtp_connection_lost'));
  }

  private leave(): void {
    clearTimeout(this.idle);
    this.opened.wire.quit();
    this.source.gone(this);
  }

  private get spent(): boolean {
    const { messagesPerConnection } = this.limits;
    return this.opened.wire.leaving || this.taken >= messagesPerConnection;
  }

  private take(): Transaction | undefined {
    while (!this.spent) {
      const queued = this.source.next();
      if (!queued) return undefined;
      const refused = queued.write() ?? refusedUnasked(queued.message, this.opened.extensions);
      if (!refused) return new Transaction(queued);
      queued.settle(refused);
    }
    return undefined;
  }

  /** The commands that begin the next message, their replies announced; '' without one. */
  private nextEnvelope(): string {
    const transaction = this.take();
    if (!transaction) return '';
    this.taken += 1;
    this.open.push(transaction);
    const { wire, extensions } = this.opened;
    const { message } = transaction;
    wire.expect(this.phases.command, (reply) => this.onMail(transaction, reply));
    const mail = mailCommand(message, extensions);
    if (!extensions.pipelining) return mail;
    wire.expect(this.phases.command, (reply) => this.onRcpt(transaction, reply));
    wire.expect(this.phases.data, (reply) => this.onData(transaction, reply));
    return `${mail}${rcptCommand(message)}DATA\r\n`;
  }

  private onMail(transaction: Transaction, reply: Reply): void {
    const next = () => {
      this.opened.wire.expect(this.phases.command, (r) => this.onRcpt(transaction, r));
      this.opened.wire.write(rcptCommand(transaction.message));
    };
    this.afterAddress(transaction, reply, next);
  }

  private onRcpt(transaction: Transaction, reply: Reply): void {
    const next = () => {
      this.opened.wire.expect(this.phases.data, (r) => this.onData(transaction, r));
      this.opened.wire.write('DATA\r\n');
    };
    this.afterAddress(transaction, reply, next);
  }

  /** Pipelined, the next command is already on its way; else it goes now, or not at all. */
  private afterAddress(transaction: Transaction, reply: Reply, next: () => void): void {
    if (isOdd(reply, 2)) return this.breakOff();
    if (reply.code >= 400) transaction.refuse(reply);
    if (this.opened.extensions.pipelining) return;
    if (transaction.refusal) this.abandon(transaction, transaction.refusal);
    else next();
  }

  private onData(transaction: Transaction, reply: Reply): void {
    if (isOdd(reply, 3)) return this.breakOff();
    if (reply.code >= 400) transaction.refuse(reply);
    const { refusal } = transaction;
    if (!refusal) this.transmit(transaction);
    else if (reply.code >= 400) this.abandon(transaction, refusal);
    else this.endWithNothing(transaction, refusal);
  }

  /** Refused, and yet a 354 (RFC 2920 section 3.1): a lone dot ends it; the refusal is the outcome. */
  private endWithNothing(transaction: Transaction, refusal: Reply): void {
    const { wire } = this.opened;
    wire.expect(this.phases.final, () => this.abandon(transaction, refusal));
    wire.write('.\r\n');
  }

  private transmit(transaction: Transaction): void {
    const { wire, extensions } = this.opened;
    wire.expect(this.phases.final, (reply) => this.onDot(transaction, reply));
    writeBody(wire, this.phases, wireText(transaction.message), () => {
      transaction.handedOver = true;
      return extensions.pipelining ? this.nextEnvelope() : '';
    });
  }

  /** A reply before the body was out is a refusal at best, and leaves a connection of unknown state. */
  private onDot(transaction: Transaction, reply: Reply): void {
    if (isOdd(reply, 2) || (reply.code < 400 && !transaction.handedOver)) return this.breakOff();
    this.finish(transaction, reply);
    if (transaction.handedOver) this.wake();
    else this.breakOff();
  }

  /** The transaction is undone before anything else is sent, or in the same write where pipelined. */
  private abandon(transaction: Transaction, refusal: Reply): void {
    const { wire, extensions } = this.opened;
    this.finish(transaction, refusal);
    this.resetting = true;
    wire.expect(this.phases.command, (reply) => this.onReset(reply));
    wire.write(`RSET\r\n${extensions.pipelining ? this.nextEnvelope() : ''}`);
  }

  private onReset(reply: Reply): void {
    this.resetting = false;
    if (isOdd(reply, 2) || reply.code >= 400) this.breakOff();
    else this.wake();
  }

  private finish(transaction: Transaction, reply: Reply): void {
    this.open.splice(this.open.indexOf(transaction), 1);
    this.done += 1;
    transaction.settle(reply);
  }

  private breakOff(): void {
    this.opened.wire.end(new SmtpFailure('smtp_protocol_error'));
  }

  private lost(failure: SmtpFailure): void {
    clearTimeout(this.idle);
    for (const transaction of this.open.splice(0)) this.settleLost(transaction, failure);
    this.source.gone(this);
  }

  /** A kept connection may have died unseen: a message that was not sent gets one more. */
  private settleLost(transaction: Transaction, failure: SmtpFailure): void {
    const unsent = !transaction.handedOver && !transaction.refusal;
    const died = failure.slug === 'smtp_connection_lost' && (this.done > 0 || this.taken > 1);
    if (unsent && died && this.source.giveBack(transaction.queued)) return;
    transaction.queued.settle(transaction.lost(failure));
  }
}

/** Neither the class that was asked for nor a refusal. */
function isOdd({ code }: Reply, wanted: 2 | 3): boolean {
  return code < 400 && Math.floor(code / 100) !== wanted;
}
