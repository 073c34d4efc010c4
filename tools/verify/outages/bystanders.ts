import { readStackFile, type StackDescription } from '../../stack/stack-file.ts';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cell } from './parts.ts';

const LOOK_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 5_000;

/** Watches that nobody dies or turns unready because of another one's failure. */
export class Bystanders {
  readonly #dataDirectory: string;
  readonly #cell: Cell;
  readonly #before: ReadonlyMap<string, number | null>;
  readonly #seen = new Set<string>();
  readonly #end = new AbortController();
  readonly #watching: Promise<void>;

  constructor(dataDirectory: string, cell: Cell) {
    this.#dataDirectory = dataDirectory;
    this.#cell = cell;
    this.#before = this.#pids();
    this.#watching = this.#watch();
  }

  /** Ends the watch. @returns what was seen */
  async violations(): Promise<string[]> {
    this.#end.abort();
    await this.#watching;
    return [...this.#seen];
  }

  async #watch(): Promise<void> {
    do {
      await this.#look();
      await delay(LOOK_EVERY_MS);
    } while (!this.#end.signal.aborted);
  }

  async #look(): Promise<void> {
    for (const [part, pid] of this.#pids())
      if (pid !== this.#before.get(part)) this.#seen.add(`${part} is another process, or none`);
    const { processes } = this.#stack();
    const others = Object.entries(processes).filter(([app]) => app !== this.#cell.part.app);
    await Promise.all(others.map(([app, { metrics_url: url }]) => this.#askReadiness(app, url)));
  }

  async #askReadiness(app: string, url: string): Promise<void> {
    try {
      const answer = await fetch(`${url}/readyz`, {
        signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      });
      if (!answer.ok) this.#seen.add(`${app} turned unready: ${await answer.text()}`);
    } catch (error) {
      this.#seen.add(`${app} does not answer /readyz: ${(error as Error).name}`);
    }
  }

  /** Of every part but the failing one. */
  #pids(): Map<string, number | null> {
    const { processes, databases, kafka, smtp } = this.#stack();
    const all: [string, number | null][] = [
      ...Object.entries(processes).map(([name, { pid }]): [string, number | null] => [name, pid]),
      ...Object.entries(databases).map(([name, { pid }]): [string, number | null] => [
        `${name}-db`,
        pid,
      ]),
      ['kafka', kafka.pid],
      ['smtp', smtp.pid],
    ];
    return new Map(all.filter(([name]) => name !== this.#cell.part.name));
  }

  #stack(): StackDescription {
    const description = readStackFile(this.#dataDirectory);
    if (description) return description;
    throw new Error('the stack has gone');
  }
}
