/**
 * A time-out that is set anew for every reply. The timer behind it is left running and looks at the
 * time when it fires: making one per reply would cost more than reading the reply.
 */
export class Deadline {
  private at = Infinity;
  private firesAt = Infinity;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly onPassed: () => void) {}

  /** @param ms from now */
  set(ms: number): void {
    const now = performance.now();
    this.at = now + ms;
    if (this.timer === undefined || this.firesAt > this.at) this.start(now);
  }

  /** Nothing is waited for. */
  clear(): void {
    this.at = Infinity;
  }

  /** For good: leaves no timer behind. */
  stop(): void {
    this.clear();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private start(now: number): void {
    clearTimeout(this.timer);
    this.firesAt = this.at;
    this.timer = setTimeout(() => this.fire(), Math.ceil(this.at - now));
  }

  private fire(): void {
    const now = performance.now();
    this.timer = undefined;
    if (now >= this.at) this.onPassed();
    else if (this.at < Infinity) this.start(now);
  }
}
