import { backoffMs } from '@penguinmails/kafka';

const REFUSED = { firstMs: 200, maxMs: 30_000 };

/** Lanes whose first rows the broker refuses wait alone; the others go on. */
export class LaneBackoff {
  readonly #refused = new Map<number, { failures: number; until: number }>();

  mayTry(lane: number): boolean {
    const refused = this.#refused.get(lane);
    return !refused || refused.until <= Date.now();
  }

  refused(lane: number): void {
    const failures = (this.#refused.get(lane)?.failures ?? 0) + 1;
    this.#refused.set(lane, { failures, until: Date.now() + backoffMs(failures, REFUSED) });
  }

  sent(lanes: readonly number[]): void {
    for (const lane of lanes) this.#refused.delete(lane);
  }

  /** Visits of these lanes: all at once, but those that were refused alone, so that they hold up nobody. */
  together(lanes: readonly number[]): number[][] {
    const alone = lanes.filter((lane) => this.#refused.has(lane));
    const others = lanes.filter((lane) => !this.#refused.has(lane));
    return [...alone.map((lane) => [lane]), ...(others.length > 0 ? [others] : [])];
  }
}
