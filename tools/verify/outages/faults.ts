import { setTimeout as delay } from 'node:timers/promises';
import { sendControl } from '../../stack/supervisor/control-socket.ts';
import type { Link } from './link.ts';
import type { Cell } from './parts.ts';

const LATE_MS = 2_000;
/** How long a worker that is late may work between two pauses. */
const AWAKE_MS = 200;

/** Ends a fault. */
export type Heal = () => Promise<void>;

/** Makes parts of one stack fail. */
export class Faults {
  readonly #dataDirectory: string;
  readonly #links: ReadonlyMap<string, Link>;

  /** @param links by part; without one of its own a part cannot be slow */
  constructor(dataDirectory: string, links: ReadonlyMap<string, Link>) {
    this.#dataDirectory = dataDirectory;
    this.#links = links;
  }

  /** @returns what ends it; settles when the fault is there */
  async inject({ part, mode }: Cell): Promise<Heal> {
    if (mode === 'killed') return this.#kill(part.name);
    if (mode === 'paused') return this.#pause(part.name);
    return part.name === 'worker' ? this.#stutter(part.name) : this.#slow(part.name);
  }

  async #kill(part: string): Promise<Heal> {
    const link = this.#links.get(part);
    await this.#tell('kill', part);
    await Promise.all([this.#tell('stop', part), link?.close()]);
    return async () => {
      await link?.open();
      await this.#tell('start', part);
    };
  }

  async #pause(part: string): Promise<Heal> {
    await this.#tell('pause', part);
    return () => this.#tell('resume', part);
  }

  async #slow(part: string): Promise<Heal> {
    const link = this.#links.get(part);
    if (!link) throw new Error(`no link to ${part}: it cannot be slow`);
    link.delayMs = LATE_MS;
    return async () => {
      link.delayMs = 0;
    };
  }

  /** Nobody calls the worker, so there is no link to be late: it stands still 2 s of every 2.2 s. */
  async #stutter(part: string): Promise<Heal> {
    const healed = new AbortController();
    const stuttering = (async () => {
      while (!healed.signal.aborted) {
        await this.#tell('pause', part);
        await delay(LATE_MS);
        await this.#tell('resume', part);
        await delay(AWAKE_MS);
      }
    })();
    return () => {
      healed.abort();
      return stuttering;
    };
  }

  async #tell(command: string, part: string): Promise<void> {
    const answer = await sendControl(this.#dataDirectory, command, part);
    if (!answer?.ok) throw new Error(`${command} ${part}: ${answer?.text ?? 'no stack runs'}`);
  }
}
