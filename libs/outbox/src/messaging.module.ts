import type { DynamicModule } from '@nestjs/common';
import type { EventType, Tier } from '@penguinmails/contracts';
import type { Logger } from '@penguinmails/observability';

export interface MessagingSettings {
  /** Also the name of the consumer group. */
  tier: Tier;
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
}

/**
 * Global; provides EventWriter, EventTransport and MessagingHealth, and runs the relay while the
 * application runs. Needs DatabaseModule. Kafka down neither fails the boot nor readiness.
 */
export declare class MessagingModule {
  static forTier(settings: MessagingSettings): DynamicModule;
}
