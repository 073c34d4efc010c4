import { constants, createZstdCompress, type ZstdOptions } from 'node:zlib';

/** What lies below Node's stream (lib/zlib.js): not documented, so nothing here relies on it. */
interface Internals {
  readonly _handle?: {
    writeSync?(flush: number, from: Buffer, at: number, length: number, ...to: Target): void;
  } | null;
  /** What is left after a write: bytes of room, bytes of input. */
  readonly _writeState?: Readonly<Uint32Array>;
}
type Target = [to: Buffer, at: number, room: number];

/** More than zstd adds to bytes that it cannot shrink (ZSTD_COMPRESSBOUND). */
const OVERHEAD_BYTES = 1024;

/**
 * Writes many small zstd frames with one context. `zstdCompressSync` makes one for each call, two thirds
 * of its time for a body of 3 kB, and Node shows no other way to use one again.
 */
export class FrameWriter {
  readonly #room: Buffer;
  #stream: Internals | undefined;

  /** @param maxBytes of what is compressed at a time */
  constructor(
    private readonly maxBytes: number,
    options: ZstdOptions,
    open: (options: ZstdOptions) => unknown = createZstdCompress,
  ) {
    this.#room = Buffer.allocUnsafe(maxBytes + OVERHEAD_BYTES);
    this.#stream = open(options) as Internals;
  }

  /** One whole frame; undefined when it has to be made another way, from then on for all. */
  write(raw: Buffer): Buffer | undefined {
    if (raw.length > this.maxBytes) return undefined;
    const { _handle: handle, _writeState: left } = this.#stream ?? {};
    if (!handle?.writeSync || !left) return undefined;
    const room = this.#room;
    handle.writeSync(constants.ZSTD_e_end, raw, 0, raw.length, room, 0, room.length);
    const [unused, unread] = left;
    if (unread === 0 && unused > 0) return Buffer.from(room.subarray(0, room.length - unused));
    this.#stream = undefined;
    return undefined;
  }
}
