const ASK_EVERY_MS = 300;
const ANSWER_WITHIN_MS = 1_000;

/** One process behind a front. */
export interface Backend {
  port: number;
  /** Answers 2xx while the process takes requests. */
  readyUrl: string;
}

/** The processes behind one front, and which of them are ready. */
export class Backends {
  readonly #all: readonly Backend[];
  readonly #ready = new Set<Backend>();
  readonly #asked = new Set<Backend>();
  #next = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(all: readonly Backend[]) {
    this.#all = all;
  }

  /** Asks each one again and again; a paused process answers nothing and so is not ready. */
  watch(): void {
    this.#ask();
    this.#timer = setInterval(() => this.#ask(), ASK_EVERY_MS);
  }

  unwatch(): void {
    clearInterval(this.#timer);
  }

  /**
   * Ports in the order in which a new connection tries them: ready ones in turn, the others after
   * them, because what is known of them may be a second old.
   */
  inTurn(): number[] {
    this.#next = (this.#next + 1) % this.#all.length;
    const turned = [...this.#all.slice(this.#next), ...this.#all.slice(0, this.#next)];
    const ready = turned.filter((backend) => this.#ready.has(backend));
    const others = turned.filter((backend) => !this.#ready.has(backend));
    return [...ready, ...others].map(({ port }) => port);
  }

  #ask(): void {
    const free = this.#all.filter((backend) => !this.#asked.has(backend));
    for (const backend of free) void this.#askOne(backend);
  }

  async #askOne(backend: Backend): Promise<void> {
    this.#asked.add(backend);
    if (await isReady(backend.readyUrl)) this.#ready.add(backend);
    else this.#ready.delete(backend);
    this.#asked.delete(backend);
  }
}

/** A refused, reset or late answer means the same as a 503: not now. */
async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}
