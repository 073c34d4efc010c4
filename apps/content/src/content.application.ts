import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isInfrastructure } from '@penguinmails/database';
import { createHttpApplication } from '@penguinmails/http';
import { tierDown } from '@penguinmails/http/problem';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import type { ContentConfig } from './content.config.js';
import { ContentModule } from './content.module.js';
import { useUploadGate } from './upload/use-upload-gate.js';

/** The whole service, its event handlers running, not yet listening. */
export async function createContentApplication(
  config: ContentConfig,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(ContentModule.forConfig(config, logger), {
    logger,
    callers: { publicKeys: config.tokens.publicKeys, audience: 'content' },
    mapError: (error) => (isInfrastructure(error) ? tierDown('content', error) : undefined),
  });
  useUploadGate(app.getHttpAdapter().getInstance(), config.uploads);
  app.connectMicroservice({ strategy: app.get(EventTransport) });
  await app.startAllMicroservices();
  return app;
}
