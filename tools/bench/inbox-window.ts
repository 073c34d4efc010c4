// What a run of the inbox bench reports to its parent.
export interface RunOptions {
  readonly way: 'app' | 'system' | 'per_record';
  readonly brokers: string;
  readonly group: string;
  readonly appUrl: string;
  readonly systemUrl: string;
  /** Events before the clock starts. */
  readonly warmUp: number;
  /** The clock stops after this many more events, or after `seconds`. */
  readonly events: number;
  readonly seconds: number;
}

export interface RunResult {
  readonly events: number;
  readonly ms: number;
  readonly clientCpuMs: number;
  /** Since the start of the process: what must have taken effect. */
  readonly handled: number;
}

/** Counts handled events; tells the parent when the measured part begins and ends. */
export class Window {
  readonly ended: Promise<void>;
  handled = 0;
  readonly #options: RunOptions;
  #end!: () => void;
  #began: { at: number; cpu: NodeJS.CpuUsage; handled: number } | undefined;
  #result: Omit<RunResult, 'handled'> | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  add(events: number): void {
    this.handled += events;
    if (this.#result) return;
    if (!this.#began) {
      if (this.handled >= this.#options.warmUp) this.#begin();
      return;
    }
    const enough = this.handled - this.#began.handled >= this.#options.events;
    if (enough || performance.now() - this.#began.at > this.#options.seconds * 1_000)
      this.#finish();
  }

  #begin(): void {
    this.#began = { at: performance.now(), cpu: process.cpuUsage(), handled: this.handled };
    process.send?.('begin');
  }

  #finish(): void {
    const { at, cpu, handled } = this.#began!;
    const { user, system } = process.cpuUsage(cpu);
    this.#result = {
      events: this.handled - handled,
      ms: performance.now() - at,
      clientCpuMs: (user + system) / 1_000,
    };
    process.send?.('end');
    this.#end();
  }

  /** When everything has stopped. */
  report(): void {
    process.send?.({ ...this.#result!, handled: this.handled });
  }
}
