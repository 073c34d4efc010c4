import kafkajs, { type ICustomPartitioner, type PartitionerArgs } from 'kafkajs';

const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;
const MIX_SHIFT = 24;

/**
 * Murmur2 as Kafka's own clients have it, so that a key keeps its partition whoever writes it.
 * @returns 32 bits, signed
 */
export function murmur2(bytes: Buffer): number {
  const { length } = bytes;
  const words = length - (length % 4);
  let hash = SEED ^ length;
  for (let at = 0; at < words; at += 4) hash = Math.imul(hash, MIX) ^ mixed(bytes.readInt32LE(at));
  for (let at = length - 1; at >= words; at -= 1) hash ^= bytes[at] << (8 * (at - words));
  if (words < length) hash = Math.imul(hash, MIX);
  hash = Math.imul(hash ^ (hash >>> 13), MIX);
  return hash ^ (hash >>> 15);
}

function mixed(word: number): number {
  const product = Math.imul(word, MIX);
  return Math.imul(product ^ (product >>> MIX_SHIFT), MIX);
}

/**
 * The partition of a record by its key: kafkajs' default, whose 64-bit numbers cost 4 µs a key. A record
 * without a key, or with a partition of its own, is left to it.
 */
export const keyPartitioner: ICustomPartitioner = () => {
  const byKafkajs = kafkajs.Partitioners.DefaultPartitioner();
  return (record: PartitionerArgs) => {
    const { key, partition } = record.message;
    const own = partition !== undefined && partition !== null;
    if (typeof key !== 'string' || own) return byKafkajs(record);
    return (murmur2(Buffer.from(key)) & 0x7fffffff) % record.partitionMetadata.length;
  };
};
