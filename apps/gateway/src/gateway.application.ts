import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createHttpApplication } from '@penguinmails/http';
import type { Logger } from '@penguinmails/observability';
import { ApiKeyAuthenticator } from './access/api-key-authenticator.js';
import { useEmptyBodies } from './empty-body.js';
import type { GatewayConfig } from './gateway.config.js';
import { controllers, GatewayModule } from './gateway.module.js';
import { DOCS_PATH, serveDocs } from './openapi/docs-page.js';
import { createDocument } from './openapi/document.js';
import { OpenApiText } from './openapi/open-api-text.js';
import { usePublicHeaders } from './public-headers.js';
import { useReceptionTime } from './reception-time.js';

/** The whole gateway, not yet listening. */
export async function createGatewayApplication(
  config: GatewayConfig,
  logger: Logger,
): Promise<NestFastifyApplication> {
  const app = await createHttpApplication(GatewayModule.forConfig(config, logger), {
    logger,
    exposure: 'public',
    authenticator: (application) => application.get(ApiKeyAuthenticator),
    openPaths: [DOCS_PATH],
  });
  const instance = app.getHttpAdapter().getInstance();
  usePublicHeaders(instance);
  useEmptyBodies(instance);
  useReceptionTime(instance);
  const document = createDocument(app, controllers, config.publicUrl);
  app.get(OpenApiText).set(document);
  serveDocs(app, document);
  return app;
}
