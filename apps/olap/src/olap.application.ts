import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isInfrastructure, isTenantBusy } from '@penguinmails/database';
import { createHttpApplication } from '@penguinmails/http';
import { databaseProblems } from '@penguinmails/http/problem';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import type { OlapConfig } from './olap.config.js';
import { OlapModule } from './olap.module.js';

const mapError = databaseProblems('olap', { isInfrastructure, isTenantBusy });

/** The whole service, its event handlers running, not yet listening. */
export async function createOlapApplication(
  config: OlapConfig,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(OlapModule.forConfig(config, logger), {
    logger,
    callers: { publicKeys: config.tokens.publicKeys, audience: 'olap' },
    mapError,
  });
  app.connectMicroservice({ strategy: app.get(EventTransport) });
  await app.startAllMicroservices();
  return app;
}
