import type { Tier } from '@penguinmails/contracts';
import { metrics, observeGauge } from '@penguinmails/observability';
import CircuitBreaker from 'opossum';
import { TierFailure } from './tier-failure.js';

/** Opens at half of at least 3 calls failed within 10 s; asks again with one call each second. */
const OPTIONS: CircuitBreaker.Options = {
  // Our own deadline aborts the call, which opossum's time-out would not.
  timeout: false,
  errorThresholdPercentage: 49,
  volumeThreshold: 3,
  rollingCountTimeout: 10_000,
  rollingCountBuckets: 10,
  rollingPercentilesEnabled: false,
  resetTimeout: 1000,
};

/** The code of the rejection of an open breaker: the call was certainly not made. */
export const BREAKER_OPEN = 'TIER_BREAKER_OPEN';

/** The tier has failed, and the one call that asks it again is not due or has not ended. */
class BreakerOpen extends Error {
  override readonly name = 'BreakerOpen';
  readonly code = BREAKER_OPEN;
}

type Call<T> = () => Promise<T>;

/** One breaker per tier and process. Whatever a call resolves to counts as success, a 4xx included. */
export class TierBreaker {
  readonly #breaker: CircuitBreaker<[Call<unknown>], unknown>;
  readonly #stopObserving: () => void;

  constructor(tier: Tier) {
    const errorFilter = (error: unknown): boolean => this.#saysNothing(error);
    const options = { ...OPTIONS, errorFilter, name: tier };
    this.#breaker = new CircuitBreaker((call: Call<unknown>) => call(), options);
    this.#stopObserving = observeGauge(metrics.breakerState, () => [
      { value: this.#state(), attributes: { tier } },
    ]);
  }

  /** Runs the call, or rejects at once while the breaker is open. */
  async run<T>(call: Call<T>): Promise<T> {
    const { closed, pendingClose } = this.#breaker;
    // Not asked: opossum would count it as a call that did not fail, and open late the next time.
    if (!closed && !pendingClose) throw new BreakerOpen('no call goes out to this tier now');
    return (await this.#breaker.fire(call)) as T;
  }

  get isOpen(): boolean {
    return this.#breaker.opened;
  }

  close(): void {
    this.#stopObserving();
    this.#breaker.shutdown();
  }

  /**
   * A request that was out of time says nothing about the tier. But what says nothing opossum takes for a
   * success, and one success while the breaker asks again would close it on a tier that still hangs.
   */
  #saysNothing(error: unknown): boolean {
    const isOutOfTime = error instanceof TierFailure && error.kind === 'budget';
    return isOutOfTime && !this.#breaker.halfOpen;
  }

  #state(): number {
    if (this.#breaker.opened) return 2;
    return this.#breaker.halfOpen ? 1 : 0;
  }
}

/** True for the rejection of an open breaker. */
export function isBreakerOpen(error: unknown): boolean {
  return error instanceof BreakerOpen;
}
