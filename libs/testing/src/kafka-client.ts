import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import kafkajs, { type Kafka } from 'kafkajs';
import { testKafkaBrokers } from './testing.config.js';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

// kafkajs brings gzip only, and a batch in another codec would stop the collector.
kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] ??= () => ({
  compress: (encoder: { buffer: Buffer }) => compress(encoder.buffer),
  decompress: (buffer: Buffer) => decompress(buffer),
});

/** Brokers of TEST_KAFKA_BROKERS. */
export function testBrokers(): string[] {
  return testKafkaBrokers();
}

/** A client apart from the one under test. */
export function testKafka(brokers: readonly string[]): Kafka {
  return new kafkajs.Kafka({
    clientId: 'penguinmails-test',
    brokers: [...brokers],
    connectionTimeout: 1_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 30 },
    logLevel: kafkajs.logLevel.NOTHING,
  });
}
