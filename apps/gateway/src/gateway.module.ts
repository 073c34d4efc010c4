import { type DynamicModule, Module } from '@nestjs/common';
import { ServiceTokenSigner } from '@penguinmails/http';
import type { Logger } from '@penguinmails/observability';
import { ApiKeyAuthenticator } from './access/api-key-authenticator.js';
import { DeadLetterController } from './admin/dead-letter.controller.js';
import { HealthController } from './admin/health.controller.js';
import { ParkedEventController } from './admin/parked-event.controller.js';
import { QueueLimitController } from './admin/queue-limit.controller.js';
import { QueuePauseController } from './admin/queue-pause.controller.js';
import { QueueController } from './admin/queue.controller.js';
import { SystemEventController } from './admin/system-event.controller.js';
import { BillingController } from './analytics/billing.controller.js';
import { ApiKeyController } from './api-key/api-key.controller.js';
import { ContentClient } from './clients/content.client.js';
import { HealthClient } from './clients/health.client.js';
import { JobClient } from './clients/job.client.js';
import { NotificationsClient } from './clients/notifications.client.js';
import { OlapClient } from './clients/olap.client.js';
import { OltpClient } from './clients/oltp.client.js';
import { ParkedEventClient } from './clients/parked-event.client.js';
import { QueueAdminClient } from './clients/queue-admin.client.js';
import { QueueClient } from './clients/queue.client.js';
import { TierClients } from './clients/tier-clients.js';
import { EmailView } from './compose/email-view.js';
import { HealthView } from './compose/health-view.js';
import { ParkedEventView } from './compose/parked-event-view.js';
import { CancelEmail } from './email/cancel-email.js';
import { EmailContentController } from './email/email-content.controller.js';
import { EmailController } from './email/email.controller.js';
import { ListEmails } from './email/list-emails.js';
import { SendEmail } from './email/send-email.js';
import type { GatewayConfig } from './gateway.config.js';
import { GATEWAY_LOGGER } from './gateway.tokens.js';
import { IdempotentRequests } from './idempotency/idempotent-requests.js';
import { CancelJob } from './job/cancel-job.js';
import { JobController } from './job/job.controller.js';
import { ListJobs } from './job/list-jobs.js';
import { NotificationController } from './notification/notification.controller.js';
import { OpenApiText } from './openapi/open-api-text.js';
import { OpenApiController } from './openapi/open-api.controller.js';
import { Cursors } from './page/cursors.js';
import { TenantController } from './tenant/tenant.controller.js';

export const controllers = [
  ApiKeyController,
  BillingController,
  DeadLetterController,
  EmailContentController,
  EmailController,
  HealthController,
  JobController,
  NotificationController,
  OpenApiController,
  ParkedEventController,
  QueueController,
  QueueLimitController,
  QueuePauseController,
  SystemEventController,
  TenantController,
];

const clients = [
  ContentClient,
  HealthClient,
  JobClient,
  NotificationsClient,
  OlapClient,
  OltpClient,
  ParkedEventClient,
  QueueAdminClient,
  QueueClient,
];

const useCases = [
  ApiKeyAuthenticator,
  CancelEmail,
  CancelJob,
  EmailView,
  HealthView,
  IdempotentRequests,
  ListEmails,
  ListJobs,
  OpenApiText,
  ParkedEventView,
  SendEmail,
];

/** Composition root: the only place that knows how the parts of the gateway fit together. */
@Module({})
export class GatewayModule {
  static forConfig(config: GatewayConfig, logger: Logger): DynamicModule {
    const { tiers, privateKey, cursorSecret, callsTogether } = config;
    const signer = new ServiceTokenSigner({ issuer: 'gateway', privateKey });
    return {
      module: GatewayModule,
      controllers,
      providers: [
        ...clients,
        ...useCases,
        { provide: GATEWAY_LOGGER, useValue: logger },
        {
          provide: TierClients,
          useFactory: () => new TierClients(tiers, signer, callsTogether),
        },
        { provide: Cursors, useFactory: () => new Cursors(cursorSecret) },
      ],
    };
  }
}
