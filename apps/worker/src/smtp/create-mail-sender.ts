import type { MailSender, SmtpPoolLimits, SmtpTimeouts } from './mail-sender.js';
import { OwnSmtpPool } from './own/own-smtp-pool.js';
import { SmtpPool } from './smtp-pool.js';

/** `nodemailer` is the fallback: both pass the same contract suite. */
export const smtpClients = ['own', 'nodemailer'] as const;
export type SmtpClientName = (typeof smtpClients)[number];

export function createMailSender(
  client: SmtpClientName,
  limits: SmtpPoolLimits,
  timeouts: SmtpTimeouts,
): MailSender {
  return client === 'own' ? new OwnSmtpPool(limits, timeouts) : new SmtpPool(limits, timeouts);
}
