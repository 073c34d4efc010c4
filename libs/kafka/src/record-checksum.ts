import { createRequire } from 'node:module';

/** CRC-32C (Castagnoli), the reversed polynomial. */
const POLYNOMIAL = 0x82f63b78;

// An internal file of kafkajs, without types.
const require = createRequire(import.meta.url);
const CHECKSUM = require.resolve('kafkajs/src/protocol/recordBatch/crc32C');
require(CHECKSUM);

/** What a byte does to the checksum that has `behind` bytes behind it in a word of four. */
function tableOf(behind: number): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8 * (behind + 1); bit += 1)
      crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
}

const [LAST, THIRD, SECOND, FIRST] = [0, 1, 2, 3].map(tableOf);

/** CRC-32C of bytes, four at a time (RFC 3720 appendix B.4). */
export function crc32c(bytes: Buffer): number {
  const words = bytes.length - (bytes.length % 4);
  let crc = -1;
  for (let at = 0; at < words; at += 4) {
    crc ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    crc =
      FIRST[crc & 255] ^ SECOND[(crc >>> 8) & 255] ^ THIRD[(crc >>> 16) & 255] ^ LAST[crc >>> 24];
  }
  for (let at = words; at < bytes.length; at += 1)
    crc = LAST[(crc ^ bytes[at]) & 255] ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/**
 * kafkajs goes over a batch byte by byte. Like the encoder of records this counts when it is called
 * before any request is sent; calling it again changes nothing.
 */
export function installRecordChecksum(): void {
  const loaded = require.cache[CHECKSUM];
  if (!loaded) throw new Error('kafkajs has no such module any more');
  loaded.exports = crc32c;
}
