import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule, tierDatabaseSettings } from '@penguinmails/database';
import { ParkedEventController, ParkedEventDesk } from '@penguinmails/http';
import { createLogger, type Logger } from '@penguinmails/observability';
import { MessagingModule, ParkedDesk } from '@penguinmails/outbox';
import { AdminEventController } from './admin-event/admin-event.controller.js';
import { AdminEventRepository } from './admin-event/admin-event.repository.js';
import { AdminEventSystemRepository } from './admin-event/admin-event.system.repository.js';
import { ListAdminEvents } from './admin-event/list-admin-events.js';
import { OnSystemEventRaised } from './admin-event/on-system-event-raised.js';
import { DeliverySummaryRepository } from './delivery-summary/delivery-summary.repository.js';
import { DeliverySummarySystemRepository } from './delivery-summary/delivery-summary.system.repository.js';
import { OnDeliveryEvents } from './delivery-summary/on-delivery-events.js';
import { HealthController } from './health/health.controller.js';
import { MarkNotification } from './notification/mark-notification.js';
import { NotificationController } from './notification/notification.controller.js';
import { NotificationRepository } from './notification/notification.repository.js';
import { ReadNotifications } from './notification/read-notifications.js';
import type { NotificationsConfig } from './notifications.config.js';
import { consumes, emits } from './notifications.events.js';
import { OnTenantCreated } from './recipient/on-tenant-created.js';
import { RecipientRepository } from './recipient/recipient.repository.js';

/** Composition root: the only place that knows how the parts of the service fit together. */
@Module({})
export class NotificationsModule {
  /** @param logger default: one of its own; a test hands in another */
  static forConfig(
    config: NotificationsConfig,
    logger: Logger = createLogger('notifications'),
  ): DynamicModule {
    return {
      module: NotificationsModule,
      imports: [
        DatabaseModule.forTier(tierDatabaseSettings('notifications', config.db)),
        MessagingModule.forTier({
          tier: 'notifications',
          brokers: config.kafka.brokers,
          consumes,
          emits,
          publicUrl: config.publicUrl,
          gatherMs: config.gatherMs,
          logger,
        }),
      ],
      controllers: [
        AdminEventController,
        HealthController,
        NotificationController,
        OnDeliveryEvents,
        OnSystemEventRaised,
        OnTenantCreated,
        ParkedEventController,
      ],
      providers: [
        AdminEventRepository,
        AdminEventSystemRepository,
        DeliverySummaryRepository,
        DeliverySummarySystemRepository,
        ListAdminEvents,
        MarkNotification,
        NotificationRepository,
        ReadNotifications,
        RecipientRepository,
        { provide: ParkedEventDesk, useExisting: ParkedDesk },
      ],
    };
  }
}
