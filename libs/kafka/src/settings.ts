import type { Logger } from './logger.js';

/** What every Kafka client of a process needs to know. */
export interface KafkaSettings {
  /** host:port of the bootstrap brokers. */
  brokers: readonly string[];
  /** Shown in the broker's logs and quotas; the name of the app. */
  clientId: string;
  logger: Logger;
}
