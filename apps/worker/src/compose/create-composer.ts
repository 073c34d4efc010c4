import type { MessageContent } from '../clients/content.client.js';
import type { Envelope } from '../clients/oltp.client.js';
import { composeByNodemailer } from './compose-nodemailer.js';
import { composeOwn } from './compose-own.js';
import type { ComposedMessage } from './composed-message.js';

/** `nodemailer` is the fallback: a differential test holds both to the same messages. */
export const composers = ['own', 'nodemailer'] as const;
export type ComposerName = (typeof composers)[number];

/** @throws ComposeError; a promise only where the composer has one */
export type Composer = (
  envelope: Envelope,
  content: MessageContent,
) => ComposedMessage | Promise<ComposedMessage>;

export function createComposer(name: ComposerName): Composer {
  return name === 'own' ? composeOwn : composeByNodemailer;
}

/** Whether it needs no other thread, so that it may run when a connection takes the message. */
export function composesAtOnce(compose: Composer): compose is typeof composeOwn {
  return compose === composeOwn;
}
