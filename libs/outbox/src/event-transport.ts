import { Injectable } from '@nestjs/common';
import { topics } from '@penguinmails/contracts';
import type { Database } from '@penguinmails/database';
import {
  ensureTopics,
  type EventHandler,
  KafkaSliceServer,
  SliceConsumer,
} from '@penguinmails/kafka';
import type { Logger } from '@penguinmails/observability';
import type { EventWriter } from './event-writer.js';
import { HandlerRegistry } from './handler-registry.js';
import type { MessagingSettings } from './messaging-settings.js';
import type { OutboxRelay } from './outbox-relay.js';
import { ParkedRetry } from './parked-retry.js';
import { RETRY_SCHEDULE } from './retry-schedule.js';
import { SliceRunner } from './slice-runner.js';

/**
 * The Nest transport of a tier: `app.connectMicroservice({ strategy: app.get(EventTransport) })`,
 * then `await app.startAllMicroservices()`, which fails when the handlers are incomplete.
 */
@Injectable()
export class EventTransport extends KafkaSliceServer {
  #retry: ParkedRetry | undefined;

  constructor(
    private readonly messaging: MessagingSettings,
    private readonly database: Database,
    private readonly relay: OutboxRelay,
    private readonly writer: EventWriter,
    private readonly log: Logger,
  ) {
    super({ createConsumer: (handlers) => this.#createConsumer(handlers) });
  }

  /** Called when no request runs any more: what handlers and requests wrote last is sent, too. */
  override async close(): Promise<void> {
    await Promise.all([super.close(), this.#retry?.stop()]);
    await this.relay.stop();
  }

  #createConsumer(handlers: ReadonlyMap<string, EventHandler>): SliceConsumer | null {
    const { consumes, tier, brokers, retrySchedule = RETRY_SCHEDULE } = this.messaging;
    const group = this.messaging.consumerGroup ?? tier;
    const registry = new HandlerRegistry(consumes, handlers);
    if (consumes.length === 0) return null;
    const common = { tier, group, database: this.database, registry, logger: this.log };
    this.#retry = new ParkedRetry({ ...common, writer: this.writer, schedule: retrySchedule });
    this.#retry.start();
    const runner = new SliceRunner({ ...common, firstRetryMs: retrySchedule.firstMs });
    return new SliceConsumer({
      brokers,
      clientId: tier,
      groupId: group,
      topics: registry.topics,
      logger: this.log,
      gatherMs: this.messaging.gatherMs,
      gatherFrom: this.messaging.gatherFrom,
      prepare: (admin) => ensureTopics(admin, declarationsOf(registry.topics)),
      runSlice: (slice) => runner.run(slice),
    });
  }
}

function declarationsOf(names: readonly string[]) {
  return topics.filter(({ name }) => names.includes(name));
}
