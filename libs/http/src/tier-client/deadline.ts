import type { RequestBudget } from './request-budget.js';
import { type FailureKind, TierFailure } from './tier-failure.js';

/** Milliseconds a call may take, by what it does. */
export interface Deadlines {
  /** GET. Default 1000. */
  readonly read: number;
  /** Everything else. Default 2500. */
  readonly write: number;
  /** Bodies over 1 MiB, as long as they move. Default 30000. */
  readonly upload: number;
  /** Files, from their first byte on, as long as they move. Default 30000. */
  readonly download: number;
  /** Without progress of an upload or a download. Default 2500. */
  readonly progress: number;
}

export const seedDeadlines: Deadlines = {
  read: 1000,
  write: 2500,
  upload: 30_000,
  download: 30_000,
  progress: 2500,
};

/** How long one call may take and what it means when that is over. */
export interface CallLimit {
  readonly ms: number;
  readonly kind: FailureKind;
}

/**
 * The shorter of the call's own deadline and what is left of the public request's budget. Who had half of
 * the deadline and gave no answer has failed, whichever of the two was over first.
 */
export function limitOf(deadlineMs: number, budget: RequestBudget | undefined): CallLimit {
  const left = budget?.remaining() ?? Infinity;
  return { ms: Math.min(left, deadlineMs), kind: left < deadlineMs / 2 ? 'budget' : 'timeout' };
}

/** Aborts a call when its time is up or when it stops moving. */
export class Deadline {
  readonly #controller = new AbortController();
  #overall: NodeJS.Timeout;
  #stall: NodeJS.Timeout | undefined;

  constructor({ ms, kind }: CallLimit) {
    this.#overall = this.#abortIn(ms, kind);
  }

  /** Aborted with a {@link TierFailure} as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * `call`, or a rejection as soon as the time is up. undici looks at the signal only once a request
   * has a connection: one that waits for a connection would outlive its deadline.
   */
  within<T>(call: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(this.signal.reason as TierFailure);
      this.signal.addEventListener('abort', onAbort, { once: true });
      call.then(resolve, reject);
    });
  }

  /** From now on, `ms` without another call of this aborts. */
  progress(ms: number): void {
    clearTimeout(this.#stall);
    this.#stall = this.#abortIn(ms, 'timeout');
  }

  /** Another limit from now on, in place of the one before. */
  renew(ms: number): void {
    clearTimeout(this.#overall);
    this.#overall = this.#abortIn(ms, 'timeout');
  }

  /** The call has ended. */
  clear(): void {
    clearTimeout(this.#overall);
    clearTimeout(this.#stall);
  }

  #abortIn(ms: number, kind: FailureKind): NodeJS.Timeout {
    return setTimeout(() => this.#controller.abort(new TierFailure(kind)), ms);
  }
}
