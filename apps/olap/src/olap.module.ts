import { type DynamicModule, Module } from '@nestjs/common';
import { DatabaseModule, tierDatabaseSettings } from '@penguinmails/database';
import { ParkedEventController, ParkedEventDesk } from '@penguinmails/http';
import { createLogger, type Logger } from '@penguinmails/observability';
import { MessagingModule, ParkedDesk } from '@penguinmails/outbox';
import { ActivitySystemRepository } from './activity/activity.system.repository.js';
import { CountEmails } from './activity/count-emails.js';
import { OnEmailAccepted } from './activity/on-email-accepted.js';
import { OnEmailEvents } from './activity/on-email-events.js';
import { BillingController } from './billing/billing.controller.js';
import { BillingRepository } from './billing/billing.repository.js';
import { BillingSystemRepository } from './billing/billing.system.repository.js';
import { OnTenantCreated } from './billing/on-tenant-created.js';
import { ReadBilling } from './billing/read-billing.js';
import { HealthController } from './health/health.controller.js';
import type { OlapConfig } from './olap.config.js';
import { consumes, emits } from './olap.events.js';

/** Composition root: the only place that knows how the parts of the service fit together. */
@Module({})
export class OlapModule {
  /** @param logger default: one of its own; a test hands in another */
  static forConfig(config: OlapConfig, logger: Logger = createLogger('olap')): DynamicModule {
    return {
      module: OlapModule,
      imports: [
        DatabaseModule.forTier(tierDatabaseSettings('olap', config.db)),
        MessagingModule.forTier({
          tier: 'olap',
          brokers: config.kafka.brokers,
          consumes,
          emits,
          publicUrl: config.publicUrl,
          gatherMs: config.gatherMs,
          logger,
        }),
      ],
      controllers: [
        BillingController,
        HealthController,
        OnEmailAccepted,
        OnEmailEvents,
        OnTenantCreated,
        ParkedEventController,
      ],
      providers: [
        ActivitySystemRepository,
        BillingRepository,
        BillingSystemRepository,
        CountEmails,
        ReadBilling,
        { provide: ParkedEventDesk, useExisting: ParkedDesk },
      ],
    };
  }
}
