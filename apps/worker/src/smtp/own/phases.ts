import type { SmtpTimeouts } from '../mail-sender.js';

/** How long each phase may take, ms. */
export interface Phases {
  readonly connect: number;
  readonly greeting: number;
  /** EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET: each reply. */
  readonly command: number;
  /** The reply to DATA. */
  readonly data: number;
  /** Each part of a body that is sent in several. */
  readonly block: number;
  /** The reply to the final dot. */
  readonly final: number;
}

/**
 * RFC 5321 section 4.5.3.2 has 5 minutes for a command, 2 for DATA, 3 for a block and 10 for the final
 * reply: the proportions are kept whatever `silenceMs` (a command's time) is.
 */
export function phasesOf({ connectMs, greetingMs, silenceMs }: SmtpTimeouts): Phases {
  return {
    connect: connectMs,
    greeting: greetingMs,
    command: silenceMs,
    data: silenceMs * 0.4,
    block: silenceMs * 0.6,
    final: silenceMs * 2,
  };
}
