import type { EventType, Tier } from '@penguinmails/contracts';
import type { Logger } from '@penguinmails/observability';
import type { RetrySchedule } from './retry-schedule.js';

export interface MessagingSettings {
  tier: Tier;
  /** Default: the tier's name. Another one reads everything again; tests give each service its own. */
  consumerGroup?: string;
  /** host:port of the bootstrap brokers. */
  brokers: readonly string[];
  /** Event types this service handles, from `<tier>.events.ts`; each needs exactly one handler. */
  consumes: readonly EventType[];
  /** Event types this service writes. */
  emits: readonly EventType[];
  /** Base of `ce_dataschema`. */
  publicUrl: string;
  /** Default: a logger of its own. */
  logger?: Logger;
  /** When failed events are tried again; default 1 s to 1 h, 10 tries. */
  retrySchedule?: RetrySchedule;
  /**
   * For a service that nobody waits for: how long records gather between two fetches, in ms, at most
   * 5,000 (ADR 17). Default 0: events are handled as they come.
   */
  gatherMs?: number;
  /**
   * Where somebody does wait: they gather only while at least so many come in that time. Default 0: always.
   */
  gatherFrom?: number;
}
