import { outcomeOfError, outcomeOfReply, type SendOutcome } from './send-outcome.js';

/** The fields of a nodemailer error that decide. */
export interface SmtpError {
  readonly code?: string;
  readonly originalCode?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number | false;
}

const SLUGS: Readonly<Record<string, string>> = {
  EDNS: 'smtp_host_not_found',
  ETLS: 'smtp_tls_failed',
  ETIMEDOUT: 'smtp_timeout',
  EPROTOCOL: 'smtp_protocol_error',
  EAUTH: 'smtp_auth_failed',
};

/**
 * Turns the failure of one send into its outcome.
 * A refused login is the mailbox's trouble, not the recipient's: it defers whatever its code says.
 * @param handedOver whether the message's last byte had been given to the socket
 */
export function classifyError(error: SmtpError, handedOver: boolean): SendOutcome {
  if (error.code === 'EAUTH')
    return { ...replied('deferred', error), errorCode: 'smtp_auth_failed' };
  const code = error.responseCode || 0;
  if (code >= 500) return replied(sessionRefused(error) ? 'deferred' : 'bounced', error);
  if (code >= 400) return replied('deferred', error);
  if (handedOver) return outcomeOfError('unknown', 'outcome_unknown');
  if (error.code === 'EMESSAGE') return outcomeOfError('bounced', 'message_too_large');
  if (error.code === 'EENVELOPE') return outcomeOfError('failed', 'envelope_refused');
  return outcomeOfError('deferred', slugOf(error));
}

/** A 5xx to the greeting or to EHLO speaks about this client or server, not about the recipient. */
function sessionRefused({ command }: SmtpError): boolean {
  return command === 'CONN' || command === 'EHLO' || command === 'HELO' || command === 'STARTTLS';
}

function replied(kind: SendOutcome['kind'], { response }: SmtpError): SendOutcome {
  return response ? outcomeOfReply(kind, response) : outcomeOfError(kind, 'smtp_no_reply');
}

function slugOf({ code, originalCode }: SmtpError): string {
  if (originalCode === 'ECONNREFUSED') return 'smtp_connection_refused';
  return SLUGS[code ?? ''] ?? 'smtp_connection_lost';
}
