import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { isInfrastructure, isTenantBusy } from '@penguinmails/database';
import { createHttpApplication } from '@penguinmails/http';
import { type Problem, tierDown, tooManyRequests } from '@penguinmails/http/problem';
import type { Logger } from '@penguinmails/observability';
import { EventTransport } from '@penguinmails/outbox';
import type { ContentConfig } from './content.config.js';
import { ContentModule } from './content.module.js';
import { useUploadGate } from './upload/use-upload-gate.js';

/** A busy tenant is refused, a database that is away is said: anything else stays a 500. */
function mapError(error: unknown): Problem | undefined {
  if (isTenantBusy(error)) return tooManyRequests(error.retryAfterSeconds, 'tenant_busy');
  return isInfrastructure(error) ? tierDown('content', error) : undefined;
}

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
