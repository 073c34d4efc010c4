import type { SystemDatabase, SystemTransaction } from '@penguinmails/database';
import { brokerAnswered, type EventProducer, pause } from '@penguinmails/kafka';
import {
  counter,
  histogram,
  type Logger,
  metrics,
  SpanKind,
  spans,
} from '@penguinmails/observability';
import { LaneBackoff } from './lane-backoff.js';
import { LaneFloors } from './lane-floors.js';
import { deleteRows, type LaneBatch, nextBatch, tryLockLane } from './outbox-lanes.js';
import { RelayPace, type RoundResult } from './relay-pace.js';
import { untraced, withBatchSpan } from './trace-batch.js';
import type { WakeUp } from './wake-up.js';

const LANES_AT_ONCE = 4;
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
 * between sending and deleting.
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
      const waitMs = this.#pace.after(await this.#round());
      await this.#wait(waitMs);
    }
  }

  async #wait(ms: number): Promise<void> {
    if (!this.#pace.backingOff) return this.settings.wakeUp.wait(ms);
    await pause(ms, this.#stopping.signal);
  }

  async #drain(): Promise<void> {
    const until = Date.now() + DRAIN_AT_STOP_MS;
    while (this.#loop && Date.now() < until) {
      const { sent, outage } = await this.#round();
      if (outage || sent === 0) return;
    }
  }

  async #round(): Promise<RoundResult> {
    const result = { sent: 0, more: false, outage: false };
    try {
      await untraced(() => this.#visitAll(result));
    } catch (error) {
      this.#report(error, 'outbox relay waits');
      result.outage = true;
    }
    return result;
  }

  /** Visits every lane that holds rows once, from a random one on. */
  async #visitAll(result: RoundResult): Promise<void> {
    await this.#prepare();
    const lanes = rotated(await this.#floors.nonEmptyLanes());
    const due = lanes.filter((lane) => this.#lanes.mayTry(lane));
    const visit = () => this.#visitLanes(due, result);
    await Promise.all(Array.from({ length: LANES_AT_ONCE }, visit));
  }

  async #prepare(): Promise<void> {
    if (this.#prepared) return;
    await this.settings.prepare?.();
    this.#prepared = true;
  }

  async #visitLanes(due: number[], result: RoundResult): Promise<void> {
    for (let lane = due.pop(); lane !== undefined && !result.outage; lane = due.pop()) {
      try {
        await this.#relayLane(lane, result);
        this.#lanes.sent(lane);
      } catch (error) {
        this.#failed(lane, error, result);
      }
    }
  }

  #failed(lane: number, error: unknown, result: RoundResult): void {
    if (brokerAnswered(error)) {
      this.#lanes.refused(lane);
      this.#report(error, 'events of a lane not sent', lane);
      return;
    }
    // The other lanes of the round fail for the same reason: one line says it.
    if (!result.outage) this.#report(error, 'events not sent');
    result.outage = true;
  }

  async #relayLane(lane: number, result: RoundResult): Promise<void> {
    await this.settings.system.transaction(async (tx) => {
      if (!(await tryLockLane(tx, lane))) return;
      const batch = await nextBatch(tx, lane, this.#floors.of(lane));
      if (batch.records.length === 0) return;
      await this.#send(tx, lane, batch);
      result.sent += batch.records.length;
      result.more ||= batch.full;
    });
  }

  async #send(tx: SystemTransaction, lane: number, batch: LaneBatch): Promise<void> {
    const startedAt = performance.now();
    const took = (outcome: string) =>
      histogram(metrics.relayDuration).record((performance.now() - startedAt) / 1000, { outcome });
    try {
      await withBatchSpan(spans.outboxRelay, spanOptions(lane, batch), async () => {
        await this.settings.producer.sendBatch(batch.records);
        await deleteRows(tx, batch.seqs);
      });
    } catch (error) {
      took('failed');
      throw error;
    }
    took('sent');
    tx.onCommit(() => countPublished(batch));
  }

  #report(error: unknown, message: string, lane?: number): void {
    this.settings.logger.warn({ err: error, lane }, message);
  }
}

function spanOptions(lane: number, { records }: LaneBatch) {
  return {
    kind: SpanKind.CLIENT,
    attributes: {
      'messaging.system': 'kafka',
      'messaging.operation.type': 'send',
      'messaging.batch.message_count': records.length,
      'penguinmails.outbox.lane': lane,
    },
    headers: records.map(({ headers }) => headers),
  };
}

function countPublished({ records }: LaneBatch): void {
  const perTopic = new Map<string, number>();
  for (const { topic } of records) perTopic.set(topic, (perTopic.get(topic) ?? 0) + 1);
  for (const [topic, count] of perTopic) {
    counter(metrics.eventsPublished).add(count, { 'messaging.destination.name': topic });
  }
}

/** Replicas that start at different lanes meet less often. */
function rotated(lanes: number[]): number[] {
  const start = Math.floor(Math.random() * lanes.length);
  return [...lanes.slice(start), ...lanes.slice(0, start)];
}
