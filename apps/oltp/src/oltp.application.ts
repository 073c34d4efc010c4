import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApplication } from '@penguinmails/http';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import { mapError } from './map-error.js';
import type { OltpConfig } from './oltp.config.js';
import { OltpModule } from './oltp.module.js';

/** The whole service, its event handlers running, not yet listening. */
export async function createOltpApplication(
  config: OltpConfig,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(OltpModule.forConfig(config, logger), {
    logger,
    callers: { publicKeys: config.tokens.publicKeys, audience: 'oltp' },
    mapError,
  });
  app.connectMicroservice({ strategy: app.get(EventTransport) });
  await app.startAllMicroservices();
  return app;
}
