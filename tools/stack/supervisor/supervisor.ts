import { mkdirSync } from 'node:fs';
import type { Part, PartStatus } from './part.ts';
import { ProcessRecords, stopProcess } from './process-records.ts';
import { SupervisedPart } from './supervised-part.ts';

const LEFTOVER_PATIENCE_MS = 10_000;
const ROTATE_EVERY_MS = 30_000;

export interface SupervisorSettings {
  dataDirectory: string;
  restart: boolean;
  /** One line for a person: what happened to which part. */
  say: (line: string) => void;
}

/** The running parts of one data directory. */
export class Supervisor {
  readonly #settings: SupervisorSettings;
  readonly #records: ProcessRecords;
  readonly #parts = new Map<string, SupervisedPart>();
  readonly #rotation: NodeJS.Timeout;
  #stopping: Promise<void> | undefined;
  #listener: () => void = () => undefined;

  constructor(settings: SupervisorSettings) {
    this.#settings = settings;
    mkdirSync(this.logDirectory, { recursive: true });
    this.#records = new ProcessRecords(`${settings.dataDirectory}/processes.json`);
    this.#rotation = setInterval(() => this.#rotateLogs(), ROTATE_EVERY_MS).unref();
  }

  /** `listener` is called when a part is ready or gone. */
  onChange(listener: () => void): void {
    this.#listener = listener;
  }

  get logDirectory(): string {
    return `${this.#settings.dataDirectory}/logs`;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Stops what an earlier supervisor of this data directory left running, apps first. */
  async stopLeftovers(): Promise<void> {
    const leftovers = this.#records.leftovers();
    for (const { part, pid } of leftovers) {
      this.#settings.say(`${part}: stopping the process of an earlier run (${pid})`);
    }
    await inOrder(
      leftovers,
      (left) => left.order,
      (left) => stopProcess(left, LEFTOVER_PATIENCE_MS),
    );
  }

  /** Starts a part under supervision; settles when it serves, rejects when it does not come up. */
  async start(part: Part): Promise<void> {
    if (this.isStopping) throw new Error(`${part.name} does not start: the stack is stopping`);
    const supervised = new SupervisedPart(part, {
      dataDirectory: this.#settings.dataDirectory,
      logDirectory: this.logDirectory,
      records: this.#records,
      restart: this.#settings.restart,
      changed: (changed, event) => this.#changed(changed, event),
    });
    this.#parts.set(part.name, supervised);
    await supervised.start();
  }

  /** @throws Error naming the known parts when there is none of that name */
  part(name: string): SupervisedPart {
    const part = this.#parts.get(name);
    if (part) return part;
    throw new Error(`no part "${name}" here; parts: ${[...this.#parts.keys()].join(', ')}`);
  }

  pid(name: string): number | null {
    return this.#parts.get(name)?.pid ?? null;
  }

  status(): PartStatus[] {
    return [...this.#parts.values()].map((part) => part.status());
  }

  /** Stops everything, apps first, databases last. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopInOrder();
    return this.#stopping;
  }

  async #stopInOrder(): Promise<void> {
    clearInterval(this.#rotation);
    await inOrder(
      [...this.#parts.values()],
      (part) => part.part.order,
      (part) => part.stop(),
    );
  }

  #changed(part: SupervisedPart, event: string): void {
    const { state } = part.status();
    if (state !== 'starting' && state !== 'stopping') this.#settings.say(`${part.name}: ${event}`);
    if (['ready', 'waiting', 'dead', 'stopped'].includes(state)) this.#listener();
  }

  #rotateLogs(): void {
    for (const part of this.#parts.values()) part.log.rotate();
  }
}

/** The highest order first; those of one order side by side. */
async function inOrder<T>(
  items: readonly T[],
  orderOf: (item: T) => number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const orders = [...new Set(items.map(orderOf))].sort((a, b) => b - a);
  for (const order of orders) {
    await Promise.all(items.filter((item) => orderOf(item) === order).map(work));
  }
}
