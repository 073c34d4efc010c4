import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

export const DOCS_PATH = '/docs';

/**
 * Nothing from outside: the page's scripts and styles lie here, and a browser is told to fetch nothing
 * else. Swagger UI writes styles into the page, hence unsafe-inline for those; its icons are data URLs.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves Swagger UI at {@link DOCS_PATH}. */
export function serveDocs(app: NestFastifyApplication, document: OpenAPIObject): void {
  const instance = app.getHttpAdapter().getInstance();
  instance.addHook('onSend', async (request, reply) => {
    const url = request.routeOptions.url ?? '';
    if (url.startsWith(DOCS_PATH)) reply.header('content-security-policy', POLICY);
  });
  SwaggerModule.setup(DOCS_PATH, app, document, {
    raw: false,
    customSiteTitle: 'PenguinMails API',
    // Its validator is a service on the internet.
    swaggerOptions: { validatorUrl: 'none' },
  });
}
