/** Why a call gave no usable answer. `budget`: the public request ran out of time, not the tier. */
export type FailureKind = 'timeout' | 'connection' | 'server_error' | 'budget';

/** A call that a tier did not answer properly; becomes Problem 503 `tier_unavailable`. */
export class TierFailure extends Error {
  override readonly name = 'TierFailure';
  readonly code: string;

  constructor(
    readonly kind: FailureKind,
    cause?: unknown,
  ) {
    super(`tier call failed: ${kind}`, { cause });
    this.code = `TIER_${kind.toUpperCase()}`;
  }
}

/** An answer for the caller that is a failure for the breaker. */
export class DownAnswer extends Error {
  override readonly name = 'DownAnswer';

  constructor(readonly answer: unknown) {
    super('the tier says that it cannot work');
  }
}

const RESET_CODES = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** True when a connection was closed under a request, as a kept-alive one may be at any time. */
export function isReset(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && RESET_CODES.has(code);
}

/** Whatever ended a call, as a failure of the tier. An abort already carries one as its reason. */
export function failureOf(error: unknown): TierFailure {
  return error instanceof TierFailure ? error : new TierFailure('connection', error);
}
