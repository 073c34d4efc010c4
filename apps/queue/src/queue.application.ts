import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isInfrastructure, isTenantBusy } from '@penguinmails/database';
import { createHttpApplication } from '@penguinmails/http';
import { databaseProblems } from '@penguinmails/http/problem';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import type { BatchTypeDeclarations } from './batch/batch-types.js';
import type { QueueConfig } from './queue.config.js';
import { QueueModule } from './queue.module.js';

const mapError = databaseProblems('queue', { isInfrastructure, isTenantBusy });

/** The whole service, its event handlers running, not yet listening. */
export async function createQueueApplication(
  config: QueueConfig,
  logger: Logger,
  batchTypes?: BatchTypeDeclarations,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(QueueModule.forConfig(config, logger, batchTypes), {
    logger,
    callers: { publicKeys: config.tokens.publicKeys, audience: 'queue' },
    mapError,
  });
  app.connectMicroservice({ strategy: app.get(EventTransport) });
  await app.startAllMicroservices();
  return app;
}
