import { type FileHandle, open } from 'node:fs/promises';

/** One e-mail that a client wants accepted; `to` is an address that nobody else gets. */
export interface Tried {
  key: string;
  tenantId: string;
  to: string;
}

/**
 * What the client knows, and the only judge of what may be expected: a line is on the disk before the
 * request that it is about leaves (`tried`), and again after its 2xx (`acked`). Lines that are asked
 * for while one flush runs share the next.
 */
export class Ledger {
  readonly tried = new Map<string, Tried>();
  /** E-mail id by key. */
  readonly acked = new Map<string, string>();
  readonly #file: FileHandle;
  #waiting: string[] = [];
  #flushing: Promise<void> | undefined;

  static async open(path: string): Promise<Ledger> {
    return new Ledger(await open(path, 'a', 0o600));
  }

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async try(email: Tried): Promise<void> {
    this.tried.set(email.key, email);
    await this.#append({ tried: email.key, tenant: email.tenantId, to: email.to });
  }

  async ack(key: string, id: string): Promise<void> {
    await this.#append({ acked: key, id });
    this.acked.set(key, id);
  }

  async #append(line: object): Promise<void> {
    this.#waiting.push(`${JSON.stringify(line)}\n`);
    // A flush that runs already may have begun before this line was there: the next one has it.
    if (this.#flushing) await this.#flushing;
    this.#flushing ??= this.#flush();
    await this.#flushing;
  }

  async #flush(): Promise<void> {
    const lines = this.#waiting.splice(0);
    if (lines.length > 0) {
      await this.#file.appendFile(lines.join(''));
      await this.#file.datasync();
    }
    this.#flushing = undefined;
  }
}
