import type { SystemDatabase } from '@penguinmails/database';
import { brokerAnswered, type EventProducer, pause } from '@penguinmails/kafka';
import type { Logger } from '@penguinmails/observability';
import { LaneBackoff } from './lane-backoff.js';
import { LaneFloors } from './lane-floors.js';
import { relayLanes } from './relay-lanes.js';
import { RelayPace, type RoundResult } from './relay-pace.js';
import { untraced } from './trace-batch.js';
import type { WakeUp } from './wake-up.js';

/** Visits, each a transaction, that run at once. */
const VISITS_AT_ONCE = 4;
const DRAIN_AT_STOP_MS = 5000;

export interface OutboxRelaySettings {
  system: SystemDatabase;
  producer: EventProducer;
  wakeUp: WakeUp;
  logger: Logger;
  /** Runs before the first round, again until it succeeds: ensure that the topics exist. */
  prepare?: () => Promise<unknown>;
}

/**
 * Publishes the rows of the outbox. Any number of relays may run on one database: each row belongs to
 * a lane by its key, and whoever holds the lane's advisory lock sends its rows in order, waits for
 * the broker's acknowledgement and deletes them, all in one transaction. So events of one key keep
 * their order, none is lost, and one is sent twice only when an answer was lost or a relay died
 * between sending and deleting. While little has gathered all lanes go in one transaction and one
 * request; who is behind takes each lane alone, and leaves the others to other relays.
 */
export class OutboxRelay {
  readonly #pace = new RelayPace();
  readonly #lanes = new LaneBackoff();
  readonly #stopping = new AbortController();
  readonly #floors: LaneFloors;
  #prepared = false;
  #loop: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(private readonly settings: OutboxRelaySettings) {
    this.#floors = new LaneFloors(settings.system);
  }

  /** Starts in the background. A second call does nothing. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** Finishes the round in hand, sends what is left for at most 5 s, and disconnects. Idempotent. */
  stop(): Promise<void> {
    this.#stopped ??= this.#finish();
    return this.#stopped;
  }

  async #finish(): Promise<void> {
    this.#stopping.abort();
    this.settings.wakeUp.notify();
    await this.#loop;
    await this.#drain();
    await this.settings.producer.disconnect();
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const result = await this.#round();
      await this.#wait(this.#pace.after(result), result);
    }
  }

  /** What is written right after a round goes with what is written next. */
  async #wait(ms: number, result: RoundResult): Promise<void> {
    if (this.#pace.backingOff) return pause(ms, this.#stopping.signal);
    const rest = this.#pace.restAfter(result);
    if (rest > 0 && ms > 0) await pause(rest, this.#stopping.signal);
    await this.settings.wakeUp.wait(ms);
  }

  async #drain(): Promise<void> {
    const until = Date.now() + DRAIN_AT_STOP_MS;
    while (this.#loop && Date.now() < until) {
      const { sent, outage } = await this.#round();
      if (outage || sent === 0) return;
    }
  }

  async #round(): Promise<RoundResult> {
    const result = { sent: 0, more: false, missed: false, outage: false };
    try {
      await untraced(() => this.#visitAll(result));
    } catch (error) {
      this.#report(error, 'outbox relay waits');
      result.outage = true;
    }
    return result;
  }

  /** Visits every lane that holds rows once. */
  async #visitAll(result: RoundResult): Promise<void> {
    await this.#prepare();
    const lanes = rotated(await this.#floors.nonEmptyLanes());
    const due = lanes.filter((lane) => this.#lanes.mayTry(lane));
    const visits = this.#pace.behind ? due.map((lane) => [lane]) : this.#lanes.together(due);
    const visit = () => this.#visitSome(visits, result);
    await Promise.all(Array.from({ length: VISITS_AT_ONCE }, visit));
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    await this.settings.prepare?.();
    this.#prepared = true;
  }

  async #visitSome(visits: number[][], result: RoundResult): Promise<void> {
    for (let lanes = visits.pop(); lanes && !result.outage; lanes = visits.pop()) {
      try {
        const { sent, full, missed } = await relayLanes(this.settings, this.#floors, lanes);
        result.sent += sent;
        result.more ||= full;
        result.missed ||= missed;
        this.#lanes.sent(lanes);
      } catch (error) {
        visits.push(...this.#failed(lanes, error, result));
      }
    }
  }

  /** The visits that are to be tried instead: of lanes that went together, one may be at fault. */
  #failed(lanes: readonly number[], error: unknown, result: RoundResult): number[][] {
    if (brokerAnswered(error)) {
      if (lanes.length > 1) return lanes.map((lane) => [lane]);
      this.#lanes.refused(lanes[0]);
      this.#report(error, 'events of a lane not sent', lanes[0]);
      return [];
    }
    // The other lanes of the round fail for the same reason: one line says it.
    if (!result.outage) this.#report(error, 'events not sent');
    result.outage = true;
    return [];
  }

  #report(error: unknown, message: string, lane?: number): void {
    this.settings.logger.warn({ err: error, lane }, message);
  }
}

/** Replicas that start at different lanes meet less often. */
function rotated(lanes: number[]): number[] {
  const start = Math.floor(Math.random() * lanes.length);
  return [...lanes.slice(start), ...lanes.slice(0, start)];
}
