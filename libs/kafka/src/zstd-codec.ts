import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs from 'kafkajs';

/** A record batch is at most 1 MB on the wire; a batch that unpacks to more is an attack. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;

const compress = promisify(zstdCompress);
const decompress = promisify<Buffer, { maxOutputLength: number }, Buffer>(zstdDecompress);

/**
 * Teaches kafkajs zstd with Node's own zlib. A batch of an unknown codec would stop the consumer
 * for good, and other teams may produce with zstd. Calling it again changes nothing.
 */
export function installZstd(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
    compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
    decompress: (buffer: Buffer) => decompress(buffer, { maxOutputLength: MAX_UNPACKED_BYTES }),
  });
}
