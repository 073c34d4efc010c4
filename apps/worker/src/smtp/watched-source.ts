import { Readable } from 'node:stream';

const CHUNK_BYTES = 64 * 1024;

/**
 * A message as a stream that knows whether its last byte was pulled. The connection pulls only after
 * the server's 354, so a loss before that is a safe retry and a loss after it is not
 * (reference/smtp.md, outcome classification).
 */
export class WatchedSource extends Readable {
  #offset = 0;

  constructor(private readonly message: Buffer) {
    super({ highWaterMark: CHUNK_BYTES });
  }

  /** True once the last chunk has been handed on: from here a lost connection is `unknown`. */
  get handedOver(): boolean {
    return this.#offset >= this.message.length;
  }

  override _read(): void {
    if (this.handedOver) {
      this.push(null);
      return;
    }
    const chunk = this.message.subarray(this.#offset, this.#offset + CHUNK_BYTES);
    this.#offset += chunk.length;
    this.push(chunk);
  }
}
