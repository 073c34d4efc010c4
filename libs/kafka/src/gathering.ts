import { pause } from './pause.js';

/** A heartbeat each second goes on meanwhile; a rebalance is not to wait longer than this. */
const LONGEST_MS = 5000;

/**
 * Keeps a consumer from fetching at once what trickles in: a slice costs nearly the same for one record
 * as for a hundred. kafkajs fetches again when all batches of a fetch are handled, so whoever handles
 * one lingers before it returns.
 */
export class Gathering {
  readonly #gatherMs: number;
  #until = 0;
  #hurry = new AbortController();

  /**
   * @param gatherMs from one fetch to the next; 0: no waiting
   * @param stopping ends every wait
   * @throws RangeError unless it is from 0 to 5,000
   */
  constructor(
    gatherMs: number,
    private readonly stopping: AbortSignal,
  ) {
    if (!(gatherMs >= 0 && gatherMs <= LONGEST_MS))
      throw new RangeError(`a consumer gathers for 0 to ${LONGEST_MS} ms, not ${gatherMs}`);
    this.#gatherMs = gatherMs;
  }

  /** A fetch has been answered: the time begins anew. */
  fetched(): void {
    this.#until = performance.now() + this.#gatherMs;
    this.#hurry = new AbortController();
  }

  /** More is there already: nobody waits for the rest of this fetch. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** Resolves when the time is over, at once where {@link hurry} was called or we stop. */
  async linger(): Promise<void> {
    const waitMs = this.#until - performance.now();
    if (waitMs <= 0) return;
    await pause(waitMs, AbortSignal.any([this.#hurry.signal, this.stopping]));
  }
}
