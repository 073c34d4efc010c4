import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApplication } from '@penguinmails/http';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import type { ContentConfig } from './content.config.js';
import { ContentModule } from './content.module.js';
import { mapError } from './map-error.js';
import { useUploadGate } from './upload/use-upload-gate.js';

/** The whole service, its event handlers running, not yet listening. */
export async function createContentApplication(
  config: ContentConfig,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(ContentModule.forConfig(config, logger), {
    logger,
    callers: { publicKeys: config.tokens.publicKeys, audience: 'content' },
    mapError,
  });
  useUploadGate(app.getHttpAdapter().getInstance(), config.uploads);
  app.connectMicroservice({ strategy: app.get(EventTransport) });
  await app.startAllMicroservices();
  return app;
}
