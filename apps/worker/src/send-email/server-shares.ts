/** So long a batch waits for places at a server before its jobs are given back. */
const PATIENCE_MS = 1_000;
/** So long a server that tried the patience of one batch gets no other one to wait for it. */
const BUSY_MS = 5_000;

interface Waiter {
  /** With so many places it goes on. */
  readonly wanted: number;
  readonly resume: () => void;
}

interface Share {
  taken: number;
  busyUntil: number;
  readonly waiting: Waiter[];
}

/**
 * How many messages may be on their way to each server: no server holds more than `most` places, so
 * that one that hangs leaves the rest of the worker to the others.
 */
export class ServerShares {
  private readonly shares = new Map<string, Share>();

  constructor(
    private readonly most: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** @returns how many of the wanted places were free; they are taken now */
  take(server: string, wanted: number): number {
    const share = this.shareOf(server);
    const got = Math.min(wanted, this.most - share.taken);
    share.taken += got;
    return got;
  }

  /** As {@link take}, with a wait until a good part of them is free. @returns 0: the server is busy */
  async takeSoon(server: string, wanted: number, signal: AbortSignal): Promise<number> {
    const share = this.shareOf(server);
    const enough = Math.min(wanted, Math.ceil(this.most / 2));
    if (signal.aborted || this.isBusy(share)) return this.take(server, wanted);
    if (this.freeOf(share) < enough) await this.places(share, enough, signal);
    if (this.freeOf(share) < enough) share.busyUntil = this.now() + BUSY_MS;
    return this.take(server, wanted);
  }

  /** A message has ended. */
  leave(server: string): void {
    const share = this.shareOf(server);
    share.taken -= 1;
    const [next] = share.waiting;
    if (next && this.freeOf(share) >= next.wanted) next.resume();
    if (share.taken === 0 && !next && !this.isBusy(share)) this.shares.delete(server);
  }

  private isBusy({ busyUntil }: Share): boolean {
    return this.now() < busyUntil;
  }

  private freeOf({ taken }: Share): number {
    return this.most - taken;
  }

  /** Until the places are free, the patience is over, or the signal aborts. */
  private places(share: Share, wanted: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        share.waiting.splice(share.waiting.indexOf(waiter), 1);
        resolve();
      };
      const waiter = { wanted, resume: done };
      const timer = setTimeout(done, PATIENCE_MS);
      signal.addEventListener('abort', done);
      share.waiting.push(waiter);
    });
  }

  private shareOf(server: string): Share {
    const known = this.shares.get(server);
    if (known) return known;
    const created = { taken: 0, busyUntil: 0, waiting: [] };
    this.shares.set(server, created);
    return created;
  }
}
