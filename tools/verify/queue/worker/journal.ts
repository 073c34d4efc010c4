import { type FileHandle, open } from 'node:fs/promises';
import { type JournalLine, monotonicMs } from './journal-line.ts';

type Noted = JournalLine extends infer L
  ? L extends L
    ? Omit<L, 'worker' | 'pid' | 'at'>
    : never
  : never;

/** An append-only file of one worker. Lines that come together share one flush to the disk. */
export class Journal {
  readonly #file: FileHandle;
  readonly #worker: string;
  #waiting: string[] = [];
  #flush: Promise<void> | undefined;

  private constructor(file: FileHandle, worker: string) {
    this.#file = file;
    this.#worker = worker;
  }

  static async open(path: string, worker: string): Promise<Journal> {
    return new Journal(await open(path, 'a'), worker);
  }

  /** Settles when the lines are on the disk. */
  async note(lines: readonly Noted[]): Promise<void> {
    if (lines.length === 0) return;
    const common = { worker: this.#worker, pid: process.pid, at: monotonicMs() };
    this.#waiting.push(...lines.map((line) => `${JSON.stringify({ ...common, ...line })}\n`));
    await this.#flush;
    // Whoever comes first after a flush takes along what the others have added.
    this.#flush ??= this.#write().finally(() => (this.#flush = undefined));
    await this.#flush;
  }

  async #write(): Promise<void> {
    const lines = this.#waiting.splice(0);
    if (lines.length === 0) return;
    await this.#file.write(lines.join(''));
    await this.#file.datasync();
  }
}
