import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isInfrastructure, isTenantBusy } from '@penguinmails/database';
import { createHttpApplication } from '@penguinmails/http';
import { databaseProblems } from '@penguinmails/http/problem';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import type { NotificationsConfig } from './notifications.config.js';
import { NotificationsModule } from './notifications.module.js';

const mapError = databaseProblems('notifications', { isInfrastructure, isTenantBusy });

/** The whole service, its event handlers running, not yet listening. */
export async function createNotificationsApplication(
  config: NotificationsConfig,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(NotificationsModule.forConfig(config, logger), {
    logger,
    callers: { publicKeys: config.tokens.publicKeys, audience: 'notifications' },
    mapError,
  });
  app.connectMicroservice({ strategy: app.get(EventTransport) });
  await app.startAllMicroservices();
  return app;
}
