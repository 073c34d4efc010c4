import {
  type Context,
  counter,
  currentContext,
  inContext,
  type Logger,
  metrics,
} from '@penguinmails/observability';
import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { signMessage, signMessageOnPool } from '../dkim/sign-message.js';
import type { DomainSigner } from '../dkim/signing-keys.js';
import type { PendingMessage, WrittenMessage } from '../smtp/mail-sender.js';
import { outcomeOfError } from '../smtp/send-outcome.js';
import type { ComposedMessage } from './composed-message.js';
import { messageText } from './composed-message.js';
import { type Composer, composesAtOnce } from './create-composer.js';

/** Who signs a domain's mail: nobody, its keys, or keys that cannot be used. */
export type Signing = DomainSigner | 'unusable' | null;

/** Where RSA signatures are made; see {@link signMessageOnPool}. */
export const rsaSigners = ['main', 'pool'] as const;
export type RsaSigner = (typeof rsaSigners)[number];

/** How one message comes to be. */
interface Making {
  readonly compose: () => ComposedMessage;
  readonly signing: Signing;
  readonly sign: (message: ComposedMessage) => string;
  /** Of the job, for what is logged: a connection writes the message in a trace of another. */
  readonly trace: Context;
}

/** Composes and signs messages. A message that should be signed leaves signed or not at all. */
export class MessageBuilder {
  constructor(
    private readonly compose: Composer,
    private readonly rsa: RsaSigner,
    private readonly logger: Logger,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * A message that is composed and signed when a connection takes it; where that needs another thread,
   * it is done here. Never rejects: what cannot be composed has failed, what cannot be signed is deferred.
   */
  async pending(
    envelope: Envelope,
    content: MessageContent,
    signing: Signing,
  ): Promise<PendingMessage> {
    const { compose } = this;
    const trace = currentContext();
    const addresses = { from: envelope.from.address, to: envelope.to };
    if (composesAtOnce(compose) && this.rsa === 'main') {
      const composing = () => compose(envelope, content);
      const sign = (message: ComposedMessage) => signMessage(message, usable(signing), this.now());
      return { ...addresses, write: () => this.made({ compose: composing, signing, sign, trace }) };
    }
    const composed = await told(() => compose(envelope, content));
    const signed = await told(() => this.signElsewhere(composed, signing));
    const made = this.made({ compose: composed, signing, sign: signed, trace });
    return { ...addresses, write: () => made };
  }

  private signElsewhere(composed: () => ComposedMessage, signing: Signing) {
    const sign = this.rsa === 'pool' ? signMessageOnPool : signMessage;
    return signing === null ? '' : sign(composed(), usable(signing), this.now());
  }

  private made(making: Making): WrittenMessage {
    const composed = this.composeOrFail(making);
    if (!composed) return { outcome: outcomeOfError('failed', 'message_not_composable') };
    const signatures = making.signing === null ? '' : this.signOrFail(composed, making);
    if (signatures === undefined) return { outcome: outcomeOfError('deferred', 'dkim_unsigned') };
    return { raw: messageText(composed, signatures), clean: composed.relaxed };
  }

  private composeOrFail({ compose, trace }: Making): ComposedMessage | undefined {
    try {
      return compose();
    } catch (error) {
      this.report(trace, error, 'message cannot be composed');
      return undefined;
    }
  }

  /** The keys may be mended meanwhile: the message waits. */
  private signOrFail(composed: ComposedMessage, { signing, sign, trace }: Making) {
    try {
      const signatures = sign(composed);
      counter(metrics.dkimSignatures).add(usable(signing).keys.length, { outcome: 'signed' });
      return signatures;
    } catch (error) {
      counter(metrics.dkimSignatures).add(1, { outcome: 'failed' });
      this.report(trace, error, 'message cannot be signed');
      return undefined;
    }
  }

  private report(trace: Context, error: unknown, words: string): void {
    inContext(trace, () => this.logger.error({ errorName: (error as Error).name }, words));
  }
}

function usable(signing: Signing): DomainSigner {
  if (signing === null || signing === 'unusable')
    throw new Error('the keys of the domain cannot be used');
  return signing;
}

/** What a piece of work came to, to be told later: its value, or its error. */
async function told<T>(work: () => T | Promise<T>): Promise<() => T> {
  try {
    const value = await work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
