const FIRST_MS = 100;
const MAXIMUM_MS = 10_000;
const HEALTHY_AFTER_MS = 30_000;

/** How long to wait before a dead part is started again: 0, 0.1, 0.2 … 10 s. */
export class Backoff {
  #deaths = 0;

  /** `ranForMs`: how long the part had been running; a healthy run forgets earlier deaths. */
  next(ranForMs: number): number {
    if (ranForMs >= HEALTHY_AFTER_MS) this.#deaths = 0;
    this.#deaths += 1;
    if (this.#deaths === 1) return 0;
    return Math.min(MAXIMUM_MS, FIRST_MS * 2 ** (this.#deaths - 2));
  }
}
