interface ServerErrorFields {
  severity?: unknown;
  code?: unknown;
  detail?: string;
  hint?: string;
  where?: string;
  internalQuery?: string;
}

/** An answer of the server, as opposed to a broken connection. */
export function isServerError(error: Error): error is Error & ServerErrorFields {
  return 'severity' in error && 'code' in error;
}

/** FATAL and PANIC end the session. */
export function endsSession(error: Error): boolean {
  return !isServerError(error) || error.severity === 'FATAL' || error.severity === 'PANIC';
}

/**
 * Takes row values out of a server's error before anybody logs it: DETAIL, HINT and CONTEXT quote
 * them, and so do the messages of class 22 (`invalid input syntax for type uuid: "…"`).
 */
export function withoutValues<E extends Error>(error: E): E {
  if (!isServerError(error)) return error;
  error.detail = undefined;
  error.hint = undefined;
  error.where = undefined;
  error.internalQuery = undefined;
  if (String(error.code).startsWith('22')) error.message = error.message.replace(/".*"/s, '"…"');
  return error;
}
