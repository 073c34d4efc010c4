/** The longest a slice should take: bounds how long one slow partition holds back the others. */
const TARGET_MS = 250;
const MAX_RECORDS = 500;

/**
 * The time for which one batch may hold back others: that of one slice. Another slice is begun only if
 * it should end in time, by the longest one so far.
 */
export class SliceBudget {
  readonly #startedAt = performance.now();
  #lastEnd = this.#startedAt;
  #longest = 0;

  /** Asked after each slice. */
  allowsAnother(): boolean {
    const now = performance.now();
    this.#longest = Math.max(this.#longest, now - this.#lastEnd);
    this.#lastEnd = now;
    return now - this.#startedAt + this.#longest <= TARGET_MS;
  }
}

/** Chooses how many records of a partition the next slice takes: 500, or what fits in 250 ms. */
export class SlicePacer {
  readonly #sizes = new Map<string, number>();

  next(partition: string): number {
    return this.#sizes.get(partition) ?? MAX_RECORDS;
  }

  /** Learns from a finished slice; a quick one at most doubles the size of the next. */
  finished(partition: string, records: number, elapsedMs: number): void {
    const fitting = Math.floor((records * TARGET_MS) / Math.max(elapsedMs, 1));
    const grown = Math.min(fitting, this.next(partition) * 2, MAX_RECORDS);
    this.#sizes.set(partition, Math.max(grown, 1));
  }
}
