interface Waiter<T> {
  readonly match: (arrival: T) => boolean;
  readonly resolve: (arrival: T) => void;
}

/** Keeps what arrived and tells whoever waits for it: no polling. */
export class Arrivals<T> {
  readonly all: T[] = [];
  private readonly waiters = new Set<Waiter<T>>();

  constructor(private readonly what: string) {}

  add(arrival: T): void {
    this.all.push(arrival);
    for (const waiter of this.waiters) {
      if (waiter.match(arrival)) waiter.resolve(arrival);
    }
  }

  /** The first that matches, whether it is there already or still to come. */
  waitFor(match: (arrival: T) => boolean, timeoutMs: number): Promise<T> {
    const present = this.all.find(match);
    if (present !== undefined) return Promise.resolve(present);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiters.delete(waiter);
        reject(new Error(`no such ${this.what} within ${timeoutMs} ms; ${this.all.length} others`));
      }, timeoutMs);
      const waiter: Waiter<T> = {
        match,
        resolve: (arrival) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(arrival);
        },
      };
      this.waiters.add(waiter);
    });
  }
}
