import type { INestApplication, Type } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { documentAccess } from './document-access.js';
import { assertRoutesDeclareTiers } from './route-tiers.js';

const DESCRIPTION = `Transactional e-mail over five tiers.

Bodies are JSON in snake_case, times RFC 3339 UTC. Every refusal is \`application/problem+json\`
(RFC 9457) with a stable \`code\`. A 503 names the \`tier\` that is down; asking again later is safe for
reads, and for writes with an \`Idempotency-Key\`.`;

const KEYS = {
  tenant_key: 'A tenant’s API key, `pm_live_…` or `pm_test_…`; its scopes decide what it may do.',
  platform_key: 'A platform key, `pm_platform_…`, for /v1/admin.',
};

/**
 * The OpenAPI 3.1 document of the application's routes.
 *
 * @param controllers all of them
 * @throws UndeclaredTiers when a route does not say which tiers it asks
 */
export function createDocument(
  app: INestApplication,
  controllers: readonly Type[],
  publicUrl: string,
): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('PenguinMails API')
    .setDescription(DESCRIPTION)
    .setVersion('1.0.0')
    .addServer(publicUrl);
  for (const [name, description] of Object.entries(KEYS))
    config.addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'API key', description },
      name,
    );
  const document = SwaggerModule.createDocument(app, config.build(), {
    operationIdFactory: (_controller, method) => method,
  });
  assertRoutesDeclareTiers(document);
  return documentAccess(document, controllers);
}
