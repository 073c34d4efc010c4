import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { deadLetterTopic, topicOf, topics } from '@penguinmails/contracts';
import { Database } from '@penguinmails/database';
import { createRelayProducer, ensureTopics, withAdmin } from '@penguinmails/kafka';
import { createLogger, type Logger } from '@penguinmails/observability';
import { EventTransport } from './event-transport.js';
import { EventWriter } from './event-writer.js';
import { assertDeclared } from './handler-registry.js';
import { MessagingHealth } from './messaging-health.js';
import type { MessagingSettings } from './messaging-settings.js';
import { OutboxRelay } from './outbox-relay.js';
import { ParkedDesk } from './parked-desk.js';
import { TierHealth } from './tier-health.js';
import { WakeUp } from './wake-up.js';

/**
 * Global; provides EventWriter, EventTransport, MessagingHealth, ParkedDesk and TierHealth, and runs
 * the relay while the application runs. Needs DatabaseModule. Kafka down neither fails the boot nor readiness.
 */
@Module({})
export class MessagingModule implements OnApplicationBootstrap, OnApplicationShutdown {
  #unpublish: (() => void) | undefined;

  constructor(
    @Inject(OutboxRelay) private readonly relay: OutboxRelay,
    @Inject(MessagingHealth) private readonly health: MessagingHealth,
  ) {}

  /** @throws IncompleteRegistryError when the declarations and the contracts differ */
  static forTier(settings: MessagingSettings): DynamicModule {
    assertDeclared(settings);
    const logger = settings.logger ?? createLogger(settings.tier);
    const wakeUp = new WakeUp();
    return {
      module: MessagingModule,
      global: true,
      providers: [
        { provide: EventWriter, useValue: new EventWriter(settings, wakeUp) },
        {
          provide: OutboxRelay,
          inject: [Database],
          useFactory: (database: Database) => relayOf(settings, database, wakeUp, logger),
        },
        {
          provide: EventTransport,
          inject: [Database, OutboxRelay, EventWriter],
          useFactory: (database: Database, relay: OutboxRelay, writer: EventWriter) =>
            new EventTransport(settings, database, relay, writer, logger),
        },
        {
          provide: MessagingHealth,
          inject: [Database, EventTransport],
          useFactory: (database: Database, transport: EventTransport) =>
            new MessagingHealth(database, transport),
        },
        {
          provide: TierHealth,
          inject: [Database, MessagingHealth],
          useFactory: (database: Database, messaging: MessagingHealth) =>
            new TierHealth(settings.tier, database, messaging),
        },
        {
          provide: ParkedDesk,
          inject: [Database, EventWriter],
          useFactory: (database: Database, writer: EventWriter) =>
            deskOf(settings, database, writer, logger),
        },
      ],
      exports: [EventWriter, EventTransport, MessagingHealth, ParkedDesk, TierHealth],
    };
  }

  onApplicationBootstrap(): void {
    this.relay.start();
    this.#unpublish = this.health.publish();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#unpublish?.();
    await this.relay.stop();
  }
}

function deskOf(
  { tier, consumerGroup: group = tier }: MessagingSettings,
  database: Database,
  writer: EventWriter,
  logger: Logger,
): ParkedDesk {
  return new ParkedDesk({ tier, group, database, writer, logger });
}

function relayOf(
  settings: MessagingSettings,
  database: Database,
  wakeUp: WakeUp,
  logger: Logger,
): OutboxRelay {
  const kafka = { brokers: settings.brokers, clientId: `${settings.tier}-relay`, logger };
  const written = writtenTopics(settings);
  return new OutboxRelay({
    system: database.system,
    producer: createRelayProducer(kafka),
    wakeUp,
    logger,
    prepare: () => withAdmin(kafka, (admin) => ensureTopics(admin, written)),
  });
}

function writtenTopics({ tier, emits }: MessagingSettings) {
  const names = [...emits.map((type) => topicOf(type, tier)), deadLetterTopic(tier)];
  return topics.filter(({ name }) => names.includes(name));
}
