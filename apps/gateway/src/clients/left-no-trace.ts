import { Problem } from '@penguinmails/http/problem';
import { BREAKER_OPEN } from '@penguinmails/http/tier-client';

const NEVER_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Whether oltp, which alone decides that a write has happened, has certainly not committed it: it
 * refused, it was never reached, or another tier failed before it was asked. False when that cannot be
 * told (a time-out, a connection cut, an error on its side at any moment of the transaction).
 */
export function leftNoTrace(error: unknown): boolean {
  if (!(error instanceof Problem)) return false;
  if (error.status < 500) return true;
  if (error.tier !== undefined && error.tier !== 'oltp') return true;
  return causesOf(error).some((code) => code === BREAKER_OPEN || NEVER_CONNECTED.has(code));
}

/** The codes down the chain of causes. */
function causesOf(error: Error): string[] {
  const codes: string[] = [];
  let cause = error.cause as { code?: unknown; cause?: unknown } | undefined;
  while (cause && codes.length < 5) {
    codes.push(String(cause.code));
    cause = cause.cause as typeof cause;
  }
  return codes;
}
