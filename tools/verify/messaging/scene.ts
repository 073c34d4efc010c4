import { join } from 'node:path';
import { Actor, type Role } from './actor.ts';
import { committedEvents, countedEffects, transactionsOf } from './counts.ts';
import type { ProcessSettings } from './process-settings.ts';
import { SeededRandom } from './seeded-random.ts';
import type { Stage } from './stage.ts';
import { until } from '../until.ts';

/** Modules to load before the program, by role: none in the product, some in a mutant. */
export type Preloads = Readonly<Partial<Record<Role, readonly string[]>>>;

const PROCESSES = 3;
const PAUSE_ATTEMPTS = 200;

/** The processes of one run on a stage: three of writers (four each), relays and consumers. */
export class Scene {
  readonly stage: Stage;
  readonly random: SeededRandom;
  readonly ledgerFile: string;
  readonly writers: readonly Actor[];
  readonly relays: readonly Actor[];
  readonly consumers: readonly Actor[];
  /** A consumer that joins and leaves. */
  readonly guest: Actor;
  readonly #seed: number;
  readonly #preloads: Preloads;
  /** Kills and pauses of the broker. */
  brokerFaults = 0;
  /** Pauses of processes; in them, a slice was in hand. */
  pauses = 0;

  constructor(stage: Stage, seed: number, preloads: Preloads) {
    this.stage = stage;
    this.#seed = seed;
    this.#preloads = preloads;
    this.random = new SeededRandom(seed);
    this.ledgerFile = join(stage.directory, 'ledger');
    const three = (role: Role) =>
      Array.from({ length: PROCESSES }, (_, n) => this.#actor(role, n + 1));
    this.writers = three('writer');
    this.relays = three('relay');
    this.consumers = three('consumer');
    this.guest = this.#actor('consumer', PROCESSES + 1);
  }

  /**
   * Starts what does not run.
   *
   * @param eventsPerSecond of all writers together
   */
  async start(consumers: boolean, eventsPerSecond: number): Promise<void> {
    const share = { eventsPerSecond: eventsPerSecond / PROCESSES };
    const others = [...this.relays, ...(consumers ? this.consumers : [])];
    await Promise.all([
      ...others.filter(({ runs }) => !runs).map((actor) => actor.start()),
      ...this.writers.map((writer) => writer.start(share)),
    ]);
  }

  get kills(): number {
    return this.#all.reduce((sum, { kills }) => sum + kills, 0) + this.brokerFaults;
  }

  /** Processes that ended although nobody told them to. */
  get deaths(): number {
    return this.#all.reduce((sum, { deaths }) => sum + deaths, 0);
  }

  committed(): Promise<number> {
    return committedEvents(this.stage.written);
  }

  effects(): Promise<number> {
    return countedEffects(this.stage.effects);
  }

  /** Settles when so many more events have taken effect. */
  async untilEffectsGrowBy(count: number): Promise<void> {
    const goal = (await this.effects()) + count;
    await until('consumers go on', async () => (await this.effects()) >= goal);
  }

  /** Stops a consumer in the middle of a slice: its transaction is open. */
  async pauseInSlice(consumer: Actor): Promise<void> {
    for (let attempt = 1; attempt <= PAUSE_ATTEMPTS; attempt += 1) {
      consumer.pause();
      if ((await transactionsOf(this.stage.effects, consumer.name)) > 0) {
        this.pauses += 1;
        return;
      }
      consumer.resume();
    }
    throw new Error(`${consumer.name} was never met with a slice in hand`);
  }

  /** Ends every process; paused ones too. */
  async close(): Promise<void> {
    await Promise.all(this.#all.filter(({ runs }) => runs).map((actor) => actor.kill()));
  }

  get #all(): Actor[] {
    return [...this.writers, ...this.relays, ...this.consumers, this.guest];
  }

  #actor(role: Role, number: number): Actor {
    const { brokers, group, oltp, queue, aggregates, directory } = this.stage;
    const settings: ProcessSettings = {
      name: `verify-${role}-${number}`,
      seed: this.#seed * 100 + number,
      brokers,
      group,
      oltp: { appUrl: oltp.appUrl, systemUrl: oltp.systemUrl },
      queue: { appUrl: queue.appUrl, systemUrl: queue.systemUrl },
      aggregates,
      ledgerFile: this.ledgerFile,
      eventsPerSecond: 1,
    };
    const preloads = this.#preloads[role] ?? [];
    return new Actor({ ...settings, role, logDirectory: join(directory, 'logs'), preloads });
  }
}
