import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import kafkajs, { type PartitionerArgs } from 'kafkajs';
import { keyPartitioner } from './key-partitioner.js';
import { crc32c, installRecordChecksum } from './record-checksum.js';

const require = createRequire(import.meta.url);
const CHECKSUM = 'kafkajs/src/protocol/recordBatch/crc32C';
// kafkajs' own are the oracles.
const crcByKafkajs = require(CHECKSUM) as typeof crc32c;

const bytesOf = (length: number, seed: number) =>
  Buffer.from(Array.from({ length }, (_, n) => (n * seed + (n >> 3) + seed) & 255));

describe('crc32c', () => {
  it('is what the standard has', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(0))).toBe(0);
  });

  it('is what kafkajs has, at every length', () => {
    for (let length = 0; length < 300; length += 1) {
      const bytes = bytesOf(length, length * 7 + 3);
      expect(crc32c(bytes)).toBe(crcByKafkajs(bytes));
    }
  });

  it('is what batches of kafkajs are written with', async () => {
    installRecordChecksum();
    installRecordChecksum();
    expect(require(CHECKSUM)).toBe(crc32c);
    const batch = require('kafkajs/src/protocol/recordBatch/v0') as (of: object) => {
      buffer: Buffer;
    };
    const { RecordBatch } = batch as unknown as { RecordBatch: typeof batch };
    const { buffer } = await RecordBatch({ records: [], maxTimestamp: 7, firstTimestamp: 7 });
    // The checksum stands behind offset, length, epoch and format, and is of what follows it.
    expect(buffer.readUInt32BE(17)).toBe(crc32c(buffer.subarray(21)));
  });
});

describe('keyPartitioner', () => {
  const [ours, theirs] = [keyPartitioner(), kafkajs.Partitioners.DefaultPartitioner()];
  const record = (message: object, partitions: number): PartitionerArgs => ({
    topic: 't',
    partitionMetadata: Array.from({ length: partitions }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 0,
      replicas: [],
      isr: [],
      offlineReplicas: [],
    })),
    message: { value: null, ...message },
  });

  it.each([1, 3, 32, 1_000])('gives keys the partition of Kafka, of %d', (partitions) => {
    const keys = Array.from({ length: 2_000 }, (_, n) => bytesOf(n % 41, n).toString('latin1'));
    for (const key of [...keys, '', 'a', '01a20667-1754-70cd-baf7-f338595f56e0', 'ключ', '😀'])
      expect(ours(record({ key }, partitions))).toBe(theirs(record({ key }, partitions)));
  });

  it('leaves other records to kafkajs', () => {
    expect(ours(record({ key: 'a', partition: 2 }, 3))).toBe(2);
    expect(ours(record({ key: 'a', partition: 0 }, 3))).toBe(0);
    const key = bytesOf(20, 9);
    expect(ours(record({ key }, 1_000))).toBe(theirs(record({ key }, 1_000)));
    const [first, second] = [1, 2].map(() => ours(record({}, 1_000)));
    expect(second).toBe((first + 1) % 1_000);
  });
});
