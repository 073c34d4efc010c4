/** No request is open for longer than 3 s: the rest is for reading it and writing its answer. */
const DEFAULT_MS = 2700;

/** The time that all tier calls of one public request share. */
export class RequestBudget {
  /**
   * @param totalMs default 2700
   * @param startedAt `performance.now()` at which it began to run
   */
  constructor(
    private readonly totalMs = DEFAULT_MS,
    private readonly startedAt = performance.now(),
  ) {}

  /** Milliseconds left; 0 when it is used up. */
  remaining(): number {
    return Math.max(0, this.startedAt + this.totalMs - performance.now());
  }
}
