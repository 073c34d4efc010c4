/** Requests under way at a time, at most. */
const LANES = 3;
/** From so many calls in a batch on, the next one lets more of them gather. */
const BUSY_FROM = 4;
/** From one batch to the next while there is much to do, in milliseconds. */
const REST_MS = 30;

/**
 * When the next batch of a route may leave. Each has a price of its own at every tier, whatever is in it,
 * so while many calls come one leaves each 30 ms (`restMs`), or when it is full. Who comes alone waits for nothing;
 * and a batch that takes long holds up the next one for no longer than that.
 */
export class Departures {
  #last = -Infinity;
  #lastCalls = 0;

  /**
   * @param most calls in a batch
   * @param restMs from one batch to the next while there is much to do
   * @param now milliseconds of a clock that never goes back
   */
  constructor(
    private readonly most: number,
    private readonly restMs = REST_MS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Milliseconds until a batch may leave; undefined: when one of those under way has ended. */
  waitMs(waiting: number, underWay: number): number | undefined {
    if (underWay >= LANES) return undefined;
    if (waiting >= this.most) return 0;
    if (underWay === 0 && this.#lastCalls < BUSY_FROM) return 0;
    return Math.max(0, this.#last + this.restMs - this.now());
  }

  /** A batch has left. */
  left(calls: number): void {
    this.#last = this.now();
    this.#lastCalls = calls;
  }
}
