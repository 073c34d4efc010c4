import kafkajs, { type Kafka, type KafkaConfig } from 'kafkajs';
import { installBrokerConnectShim } from './broker-connect-shim.js';
import { installFetchDecoder } from './fetch-decoder.js';
import { quietLogCreator } from './kafkajs-log.js';
import { installRecordChecksum } from './record-checksum.js';
import { installRecordEncoder } from './record-encoder.js';
import { installRequestQueueShim } from './request-queue-shim.js';
import type { KafkaSettings } from './settings.js';
import { installZstd } from './zstd-codec.js';

type ClientTimes = Pick<KafkaConfig, 'connectionTimeout' | 'requestTimeout' | 'retry'>;

/** Consumers, admin, ordinary producers: patient enough for a broker restart. */
export const STEADY_CLIENT: ClientTimes = {
  connectionTimeout: 1000,
  requestTimeout: 10000,
  retry: { initialRetryTime: 100, multiplier: 1.5, maxRetryTime: 1000, retries: 60 },
};

/**
 * The relay. kafkajs nests the retry loops of send, metadata and connect, so only 0 bounds a send;
 * the relay's own loop is the retry.
 */
export const RELAY_CLIENT: ClientTimes = {
  connectionTimeout: 500,
  requestTimeout: 2000,
  retry: { retries: 0 },
};

/**
 * Questions of the admin client; whoever asks has a loop of its own. A few retries it needs: kafkajs
 * fills its list of brokers by failing once.
 */
export const PROBE_CLIENT: ClientTimes = {
  connectionTimeout: 1000,
  requestTimeout: 5000,
  retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 3 },
};

/** A kafkajs client with our time-outs, codecs, timer shim and log levels. */
export function createKafka(settings: KafkaSettings, times: ClientTimes): Kafka {
  installRequestQueueShim();
  installBrokerConnectShim();
  installFetchDecoder();
  installRecordEncoder();
  installRecordChecksum();
  installZstd();
  return new kafkajs.Kafka({
    clientId: settings.clientId,
    brokers: [...settings.brokers],
    ...times,
    logLevel: kafkajs.logLevel.INFO,
    logCreator: quietLogCreator(settings.logger),
  });
}
