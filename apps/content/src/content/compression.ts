import { promisify } from 'node:util';
import {
  constants,
  zstdCompress,
  zstdCompressSync,
  zstdDecompress,
  zstdDecompressSync,
} from 'node:zlib';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Below this many bytes the frame's overhead and the CPU are not worth trying. */
export const COMPRESS_FROM_BYTES = 1024;
/**
 * Below this many bytes compressing takes less time (30 µs) than handing it to another thread and taking
 * it back (150 µs); so does unpacking what is as small and becomes no more than the second.
 */
const AT_ONCE_BYTES = 16 * 1024;
const UNPACKED_AT_ONCE_BYTES = 128 * 1024;
const SMALL_CHUNK_BYTES = 4096;
/** Kept compressed only where at least a tenth is saved. */
const WORTH_KEEPING = 0.9;
/** No stored content is larger: stops a damaged frame from claiming gigabytes. */
const UNPACKED_LIMIT_BYTES = 64 * 1024 * 1024;

export type Algorithm = 'none' | 'zstd';

/** Bytes as they are stored. */
export interface PackedBytes {
  readonly algorithm: Algorithm;
  readonly bytes: Buffer;
  readonly rawSizeBytes: number;
}

/** Stored bytes that no longer unpack to what was put in: damaged on disk or by hand. */
export class DamagedBytes extends Error {}

/** Compresses with zstd (RFC 8878) when the bytes are many enough and it saves at least 10 %. */
export async function pack(raw: Buffer): Promise<PackedBytes> {
  if (raw.length < COMPRESS_FROM_BYTES) return asIs(raw);
  const packed = await compressed(raw);
  if (packed.length > raw.length * WORTH_KEEPING) return asIs(raw);
  return { algorithm: 'zstd', bytes: packed, rawSizeBytes: raw.length };
}

/** A table of 16 KiB instead of 128: as good for a few kB, and twice as fast. */
const SMALL = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_hashLog]: 12 },
};

async function compressed(raw: Buffer): Promise<Buffer> {
  if (raw.length >= AT_ONCE_BYTES) return compress(raw);
  return zstdCompressSync(raw, {
    ...SMALL,
    pledgedSrcSize: raw.length,
    chunkSize: SMALL_CHUNK_BYTES,
  });
}

function asIs(raw: Buffer): PackedBytes {
  return { algorithm: 'none', bytes: raw, rawSizeBytes: raw.length };
}

/** @throws DamagedBytes when the frame is broken, cut or larger than any content may be */
export async function unpack(algorithm: Algorithm, bytes: Buffer): Promise<Buffer> {
  if (algorithm === 'none') return bytes;
  try {
    return (
      unpackedAtOnce(bytes) ?? (await decompress(bytes, { maxOutputLength: UNPACKED_LIMIT_BYTES }))
    );
  } catch (error) {
    throw new DamagedBytes('zstd frame does not unpack', { cause: error });
  }
}

/** Undefined when that would take long. */
function unpackedAtOnce(bytes: Buffer): Buffer | undefined {
  if (bytes.length >= AT_ONCE_BYTES) return undefined;
  const limits = { maxOutputLength: UNPACKED_AT_ONCE_BYTES, chunkSize: SMALL_CHUNK_BYTES };
  try {
    return zstdDecompressSync(bytes, limits);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}
