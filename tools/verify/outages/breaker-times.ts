import type { Answer } from './api.ts';
import type { Ask } from './asks.ts';
import { isForBreaker } from './judge.ts';
import type { Cell } from './parts.ts';

/** On top of what a route that asks no tier takes at that moment. */
const OPEN_BREAKER_MS = 50;
/** What a read that is let through to a silent tier costs. */
const READ_DEADLINE_MS = 1_000;

interface Times {
  readonly bare: number[];
  readonly machine: number[];
}

/** How long routes took to be refused, each against a route that asks no tier, asked next to it. */
export class BreakerTimes {
  readonly #cell: Cell;
  readonly #times = new Map<string, Times>();
  readonly #machine: number[] = [];

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  /** @param machineMs what the route that asks no tier took */
  note(ask: Ask, answer: Answer, machineMs: number): void {
    this.#machine.push(machineMs);
    if (!isForBreaker(ask, this.#cell) || !this.#isOpen(answer)) return;
    const times = this.#times.get(ask.name) ?? { bare: [], machine: [] };
    times.bare.push(answer.ms);
    times.machine.push(machineMs);
    this.#times.set(ask.name, times);
  }

  /** The longest median of a route, bare; null where no route needs the part. */
  get slowest(): number | null {
    const medians = [...this.#times.values()].map(({ bare }) => medianOf(bare));
    return medians.length === 0 ? null : rounded(Math.max(...medians));
  }

  /** The median of routes that ask no tier: what this machine takes for any answer. */
  get machine(): number {
    return rounded(medianOf(this.#machine));
  }

  violations(): string[] {
    return [...this.#times].flatMap(([name, { bare, machine }]) => {
      const [own, others] = [medianOf(bare), medianOf(machine)].map(rounded) as [number, number];
      if (own <= OPEN_BREAKER_MS + others) return [];
      return [`${name}: an open breaker takes ${own} ms, any answer ${others} ms`];
    });
  }

  /**
   * A slow tier still answers writes and files within their 2.5 s, and each of those closes the breaker:
   * an answer from it, or one after a read's deadline, met none that is open.
   */
  #isOpen({ status, ms }: Answer): boolean {
    return this.#cell.mode !== 'slow' || (status === 503 && ms < READ_DEADLINE_MS);
  }
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
