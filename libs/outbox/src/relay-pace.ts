import { backoffMs } from '@penguinmails/kafka';

const POLL = { shortestMs: 20, longestMs: 500 };
const OUTAGE = { firstMs: 100, maxMs: 5000 };
/** Between two rounds: a moment, or longer where so many rows came that each round has some. */
const REST = { shortMs: 5, longMs: 40, longFrom: 20 };

/** What one round of the relay met. */
export interface RoundResult {
  sent: number;
  /** A lane had more than one batch. */
  more: boolean;
  /** Another relay held a lane: whether it has sent everything is not known. */
  missed: boolean;
  /** No broker answered, or the own database did not. */
  outage: boolean;
}

/** How long the relay waits for a wake-up before it looks again, in milliseconds. */
export class RelayPace {
  #pollMs = POLL.shortestMs;
  #outages = 0;
  #behind = false;

  after({ sent, more, missed, outage }: RoundResult): number {
    if (outage) return backoffMs(++this.#outages, OUTAGE);
    this.#outages = 0;
    this.#behind = more;
    if (more) return 0;
    this.#pollMs =
      sent > 0 || missed ? POLL.shortestMs : Math.min(this.#pollMs * 2, POLL.longestMs);
    return this.#pollMs;
  }

  /** How long to leave it after a round that sent so many rows, whoever wakes it. */
  restAfter({ sent }: RoundResult): number {
    if (sent === 0) return 0;
    return sent < REST.longFrom ? REST.shortMs : REST.longMs;
  }

  /** The last round left rows behind. */
  get behind(): boolean {
    return this.#behind;
  }

  /** While Kafka is down a commit must not cut the back-off short. */
  get backingOff(): boolean {
    return this.#outages > 0;
  }
}
