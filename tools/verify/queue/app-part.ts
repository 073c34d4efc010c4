import type { Command, Part } from '../../stack/supervisor/part.ts';

const ANSWER_WITHIN_MS = 2_000;

export interface AppPartSettings {
  readonly name: string;
  readonly metricsPort: number;
  /** Called before each start: what may differ from one process to the next. */
  readonly command: () => Command;
}

/** A queue service or a worker: ready when it says so itself. */
export class AppPart implements Part {
  readonly order = 3;
  readonly stopSignal = 'SIGTERM';
  readonly stopWithinMs = 40_000;
  readonly readyWithinMs = 180_000;
  readonly name: string;
  readonly #settings: AppPartSettings;

  constructor(settings: AppPartSettings) {
    this.#settings = settings;
    this.name = settings.name;
  }

  async prepare(): Promise<Command> {
    return this.#settings.command();
  }

  async probe(): Promise<void> {
    const url = `http://127.0.0.1:${this.#settings.metricsPort}/readyz`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`/readyz answers ${answer.status}`);
  }
}
