import { Injectable, type OnModuleDestroy } from '@nestjs/common';

/** Longest time until a job is noticed that another replica made ready, or that fell due. */
export const POLL_INTERVAL_MS = 1000;

/** Claims that this replica runs at the same time; a wake-up of many waiters costs no more. */
const CLAIMS_AT_ONCE = 4;

/** Nothing was found by a claim that began at this version; believed until then (ms, monotonic). */
interface FoundNothing {
  readonly version: number;
  readonly until: number;
}

/**
 * Where requests for work wait. A wake-up is in-process, after the commit that made jobs ready; for
 * what happens elsewhere (another replica, a job falling due) one of the waiters asks the database
 * once in {@link POLL_INTERVAL_MS}. In between nobody does, however many workers wait.
 */
@Injectable()
export class ReadyJobs implements OnModuleDestroy {
  private version = 0;
  private closed = false;
  private readonly nothing = new Map<string, FoundNothing>();
  private readonly sleepers = new Set<() => void>();
  private readonly places = new Places(CLAIMS_AT_ONCE);

  /** Jobs may have become ready. Call it after the commit. */
  wake(): void {
    this.version += 1;
    [...this.sleepers].forEach((resume) => resume());
  }

  /** Nobody waits any longer: the process is going. */
  onModuleDestroy(): void {
    this.closed = true;
    this.wake();
  }

  /**
   * Runs `claim` until it gives something, until `waitMs` are over, `abandoned` fires or the process
   * goes; between tries it sleeps.
   * @param kind claims of the same kind find the same jobs
   */
  async take<T>(
    kind: string,
    waitMs: number,
    abandoned: AbortSignal,
    claim: () => Promise<T[]>,
  ): Promise<T[]> {
    const deadline = performance.now() + waitMs;
    for (;;) {
      const taken = await this.places.use(() => this.claimUnlessEmpty(kind, claim));
      const over = performance.now() >= deadline || this.closed || abandoned.aborted;
      if (taken.length > 0 || over) return taken;
      await this.sleep(kind, deadline, abandoned);
    }
  }

  private async claimUnlessEmpty<T>(kind: string, claim: () => Promise<T[]>): Promise<T[]> {
    const now = performance.now();
    const before = this.nothing.get(kind);
    const known = before?.version === this.version;
    if (known && now < before.until) return [];
    // Noted before the claim, so that one waiter polls and not all; and with the version before it,
    // so that a wake-up during the claim is not taken for one that it has seen.
    if (known) this.noteNothing(kind, this.version);
    const seen = this.version;
    const taken = await claim();
    if (taken.length === 0) this.noteNothing(kind, seen);
    else if (known) this.wake();
    return taken;
  }

  private noteNothing(kind: string, version: number): void {
    this.nothing.set(kind, { version, until: performance.now() + POLL_INTERVAL_MS });
  }

  /** Until a wake-up, the next poll, the deadline or `abandoned`, whichever comes first. */
  private async sleep(kind: string, deadline: number, abandoned: AbortSignal): Promise<void> {
    const found = this.nothing.get(kind);
    if (found?.version !== this.version) return;
    const ms = Math.max(0, Math.min(deadline, found.until) - performance.now());
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        abandoned.removeEventListener('abort', done);
        this.sleepers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.ceil(ms));
      abandoned.addEventListener('abort', done);
      this.sleepers.add(done);
    });
  }
}

/** A fixed number of places, taken in the order of asking. */
class Places {
  private readonly queue: (() => void)[] = [];

  constructor(private free: number) {}

  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resume) => this.queue.push(resume));
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** The place goes to the next in line, or becomes free. */
  private leave(): void {
    const next = this.queue.shift();
    if (next) next();
    else this.free += 1;
  }
}
