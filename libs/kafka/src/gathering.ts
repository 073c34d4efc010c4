import { pause } from './pause.js';

/** A heartbeat each second goes on meanwhile; a rebalance is not to wait longer than this. */
const LONGEST_MS = 5000;

/** How a consumer lets records gather. */
export interface GatheringSettings {
  /** From one fetch to the next; 0: no waiting. */
  readonly ms: number;
  /** Records in that time from which on it waits at all; 0: it always does. */
  readonly from: number;
}

/**
 * Keeps a consumer from fetching at once what trickles in: a slice costs nearly the same for one record
 * as for a hundred. kafkajs fetches again when all batches of a fetch are handled, so whoever handles
 * one lingers before it returns.
 */
export class Gathering {
  #fetchedAt = -Infinity;
  /** Records of the last `ms`, as if they had come evenly. */
  #recent = 0;
  #hurry = new AbortController();

  /**
   * @param stopping ends every wait
   * @param now milliseconds of a clock that never goes back
   * @throws RangeError unless the time is from 0 to 5,000
   */
  constructor(
    private readonly settings: GatheringSettings,
    private readonly stopping: AbortSignal,
    private readonly now: () => number = () => performance.now(),
  ) {
    const { ms } = settings;
    if (!(ms >= 0 && ms <= LONGEST_MS))
      throw new RangeError(`a consumer gathers for 0 to ${LONGEST_MS} ms, not ${ms}`);
  }

  /** A fetch has been answered: the time begins anew. */
  fetched(): void {
    const now = this.now();
    const { ms } = this.settings;
    this.#recent *= ms > 0 ? Math.max(0, 1 - (now - this.#fetchedAt) / ms) : 0;
    this.#fetchedAt = now;
    this.#hurry = new AbortController();
  }

  /** So many records of the fetch are about to be handled. */
  took(records: number): void {
    this.#recent += records;
  }

  /** More is there already: nobody waits for the rest of this fetch. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** What is left of the time; 0 or less: nobody waits. */
  get waitMs(): number {
    if (this.#recent < this.settings.from) return 0;
    return this.#fetchedAt + this.settings.ms - this.now();
  }

  /** Resolves when the time is over, at once where {@link hurry} was called or we stop. */
  async linger(): Promise<void> {
    const waitMs = this.waitMs;
    if (waitMs <= 0) return;
    await pause(waitMs, AbortSignal.any([this.#hurry.signal, this.stopping]));
  }
}
