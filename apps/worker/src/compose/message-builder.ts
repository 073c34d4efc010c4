import { counter, type Logger, metrics } from '@penguinmails/observability';
import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { signMessage, signMessageOnPool } from '../dkim/sign-message.js';
import type { DomainSigner } from '../dkim/signing-keys.js';
import type { OutgoingMessage } from '../smtp/mail-sender.js';
import { outcomeOfError, type SendOutcome } from '../smtp/send-outcome.js';
import type { ComposedMessage } from './composed-message.js';
import { messageText } from './composed-message.js';
import type { Composer } from './create-composer.js';

/** Who signs a domain's mail: nobody, its keys, or keys that cannot be used. */
export type Signing = DomainSigner | 'unusable' | null;

/** A message for the wire; or why there is none. */
export type BuiltMessage =
  Pick<OutgoingMessage, 'raw' | 'clean'> | { readonly outcome: SendOutcome };

/** Where RSA signatures are made; see {@link signMessageOnPool}. */
export const rsaSigners = ['main', 'pool'] as const;
export type RsaSigner = (typeof rsaSigners)[number];

/** Composes and signs messages. A message that should be signed leaves signed or not at all. */
export class MessageBuilder {
  private readonly sign: typeof signMessage | typeof signMessageOnPool;

  constructor(
    private readonly compose: Composer,
    rsa: RsaSigner,
    private readonly logger: Logger,
    private readonly now: () => number = Date.now,
  ) {
    this.sign = rsa === 'pool' ? signMessageOnPool : signMessage;
  }

  /** Never rejects: what cannot be composed has failed, what cannot be signed is deferred. */
  async build(
    envelope: Envelope,
    content: MessageContent,
    signing: Signing,
  ): Promise<BuiltMessage> {
    const composed = await this.composeOrFail(envelope, content);
    if (!composed) return { outcome: outcomeOfError('failed', 'message_not_composable') };
    const signatures = signing === null ? '' : await this.signOrFail(composed, signing);
    if (signatures === undefined) return { outcome: outcomeOfError('deferred', 'dkim_unsigned') };
    return { raw: messageText(composed, signatures), clean: composed.relaxed };
  }

  private async composeOrFail(envelope: Envelope, content: MessageContent) {
    try {
      return await this.compose(envelope, content);
    } catch (error) {
      this.logger.error({ errorName: (error as Error).name }, 'message cannot be composed');
      return undefined;
    }
  }

  /** The keys may be mended meanwhile: the message waits. */
  private async signOrFail(composed: ComposedMessage, signing: DomainSigner | 'unusable') {
    try {
      if (signing === 'unusable') throw new Error('the keys of the domain cannot be used');
      const signatures = await this.sign(composed, signing, this.now());
      counter(metrics.dkimSignatures).add(signing.keys.length, { outcome: 'signed' });
      return signatures;
    } catch (error) {
      counter(metrics.dkimSignatures).add(1, { outcome: 'failed' });
      this.logger.error({ errorName: (error as Error).name }, 'message cannot be signed');
      return undefined;
    }
  }
}
