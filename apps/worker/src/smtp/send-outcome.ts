/**
 * What became of one message, as the rule table of mail.md has it.
 * `unknown`: the message's last byte had been handed to the socket and no reply came back.
 * `returned`: not tried, because the process is going.
 */
export interface SendOutcome {
  readonly kind: 'delivered' | 'deferred' | 'bounced' | 'failed' | 'unknown' | 'returned';
  /** SMTP reply code, null where no reply was read. */
  readonly code: number | null;
  /** RFC 3463 status such as `5.1.1`. */
  readonly enhancedCode: string | null;
  /** Stable slug where no reply explains it, such as `smtp_connection_refused`. */
  readonly errorCode: string | null;
  /** The server's reply, cut to what the queue takes; masked there before it is kept. */
  readonly reply: string | null;
}

const REPLY_MAX_LENGTH = 2_000;
const ENHANCED = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/;

/** Reads code and enhanced status out of a reply line (RFC 5321 section 4.2, RFC 2034). */
export function outcomeOfReply(kind: SendOutcome['kind'], reply: string): SendOutcome {
  return {
    kind,
    code: Number(reply.slice(0, 3)),
    enhancedCode: ENHANCED.exec(reply)?.[1] ?? null,
    errorCode: null,
    reply: reply.slice(0, REPLY_MAX_LENGTH),
  };
}

/** An outcome that no reply explains. */
export function outcomeOfError(kind: SendOutcome['kind'], errorCode: string): SendOutcome {
  return { kind, code: null, enhancedCode: null, errorCode, reply: null };
}

/** No connection was asked for this message. */
export const notTried: SendOutcome = {
  kind: 'returned',
  code: null,
  enhancedCode: null,
  errorCode: null,
  reply: null,
};
