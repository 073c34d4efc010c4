import type { BenchJob } from './contender.ts';

/** Counts what a worker was handed: every job once. */
export class Handled {
  duplicates = 0;
  /** Moment of the first job, as performance.now gives it. */
  firstAt = 0;
  #count = 0;
  #ofB = 0;
  readonly #seen: Uint8Array;
  readonly #marks = new Map<number, (at: number) => void>();
  readonly #marksOfB = new Map<number, (at: number) => void>();

  /** @param upTo numbers of jobs are below this */
  constructor(upTo: number) {
    this.#seen = new Uint8Array(upTo);
  }

  get count(): number {
    return this.#count;
  }

  get ofB(): number {
    return this.#ofB;
  }

  /** The handler. */
  readonly take = (job: BenchJob): void => {
    if (this.#seen[job.n] === 1) {
      this.duplicates += 1;
      return;
    }
    this.#seen[job.n] = 1;
    this.#count += 1;
    if (this.#count === 1) this.firstAt = performance.now();
    this.#marks.get(this.#count)?.(performance.now());
    if (job.tenant === 'b') this.#takeOfB();
  };

  /** Settles with the moment at which so many were handled. Ask before the work begins. */
  reached(count: number): Promise<number> {
    return new Promise((resolve) => this.#marks.set(count, resolve));
  }

  /** The same for jobs of tenant B. */
  reachedOfB(count: number): Promise<number> {
    return new Promise((resolve) => this.#marksOfB.set(count, resolve));
  }

  #takeOfB(): void {
    this.#ofB += 1;
    this.#marksOfB.get(this.#ofB)?.(performance.now());
  }
}
