import { Problem } from '@penguinmails/http/problem';

export interface UploadGateSettings {
  /** Bytes of bodies that may be in memory at once; each costs about 2.5 times its size. */
  readonly bytesAtOnce: number;
  /** How long a body may wait to be read. */
  readonly waitMs: number;
}

interface Waiting {
  readonly bytes: number;
  readonly admit: () => void;
}

/**
 * Keeps large bodies from filling the memory: a body that does not fit stays in the sender's socket
 * until others are done, first come first served. One that is larger than all of the room enters alone.
 */
export class UploadGate {
  #inside = 0;
  readonly #queue: Waiting[] = [];

  constructor(private readonly settings: UploadGateSettings) {}

  /**
   * @returns gives the room back; safe to call twice
   * @throws Problem 429 `uploads_at_capacity` after the longest wait
   */
  async enter(bytes: number): Promise<() => void> {
    if (this.#queue.length > 0 || !this.#fits(bytes)) await this.#wait(bytes);
    else this.#inside += bytes;
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inside -= bytes;
      this.#admitNext();
    };
  }

  #fits(bytes: number): boolean {
    return this.#inside === 0 || this.#inside + bytes <= this.settings.bytesAtOnce;
  }

  #wait(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = {
        bytes,
        admit: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(atCapacity());
        this.#admitNext();
      }, this.settings.waitMs).unref();
      this.#queue.push(waiting);
    });
  }

  /** The room is taken here, before the waiting one runs, so that nobody slips in between. */
  #admitNext(): void {
    while (this.#queue.length > 0 && this.#fits(this.#queue[0].bytes)) {
      const [next] = this.#queue.splice(0, 1);
      this.#inside += next.bytes;
      next.admit();
    }
  }
}

function atCapacity(): Problem {
  return new Problem(429, 'uploads_at_capacity', {
    detail: 'Too many large messages are being stored at the moment. Please try again.',
    tier: 'content',
    retryAfter: 1,
  });
}
