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
  // A request that was out of time says nothing about the tier.
  errorFilter: (error: unknown) => error instanceof TierFailure && error.kind === 'budget',
};

type Call<T> = () => Promise<T>;

/** One breaker per tier and process. Whatever a call resolves to counts as success, a 4xx included. */
export class TierBreaker {
  readonly #breaker: CircuitBreaker<[Call<unknown>], unknown>;
  readonly #stopObserving: () => void;

  constructor(tier: Tier) {
    this.#breaker = new CircuitBreaker((call: Call<unknown>) => call(), { ...OPTIONS, name: tier });
    this.#stopObserving = observeGauge(metrics.breakerState, () => [
      { value: this.#state(), attributes: { tier } },
    ]);
  }

  /** Runs the call, or rejects at once while the breaker is open. */
  run<T>(call: Call<T>): Promise<T> {
    return this.#breaker.fire(call) as Promise<T>;
  }

  get isOpen(): boolean {
    return this.#breaker.opened;
  }

  close(): void {
    this.#stopObserving();
    this.#breaker.shutdown();
  }

  #state(): number {
    if (this.#breaker.opened) return 2;
    return this.#breaker.halfOpen ? 1 : 0;
  }
}

/** True for the rejection of an open breaker. */
export function isBreakerOpen(error: unknown): boolean {
  return CircuitBreaker.isOurError(error as Error);
}
