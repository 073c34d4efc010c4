import { outcomeOfError, outcomeOfReply, type SendOutcome } from '../send-outcome.js';

/** A whole reply of the server: its code, and its lines as they came, joined by LF. */
export interface Reply {
  readonly code: number;
  readonly text: string;
}

/** Why a connection could not be used, or was lost; a slug, and the server's words where it gave any. */
export class SmtpFailure extends Error {
  constructor(
    readonly slug: string,
    readonly reply?: Reply,
  ) {
    super(slug);
  }

  /**
   * The outcome of a message that is not on its way: always a safe retry. A refused login keeps its
   * slug; other refusals of a session explain themselves by their code.
   */
  get deferred(): SendOutcome {
    if (!this.reply) return outcomeOfError('deferred', this.slug);
    const outcome = outcomeOfReply('deferred', this.reply.text);
    return this.slug === 'smtp_auth_failed' ? { ...outcome, errorCode: this.slug } : outcome;
  }
}

const SLUGS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'smtp_host_not_found',
  EAI_AGAIN: 'smtp_host_not_found',
  ECONNREFUSED: 'smtp_connection_refused',
  ETIMEDOUT: 'smtp_timeout',
};

/** The failure that a socket's error stands for. @param securing a TLS handshake is under way */
export function failureOfSocket(error: NodeJS.ErrnoException, securing: boolean): SmtpFailure {
  const known = SLUGS[error.code ?? ''];
  return new SmtpFailure(known ?? (securing ? 'smtp_tls_failed' : 'smtp_connection_lost'));
}
