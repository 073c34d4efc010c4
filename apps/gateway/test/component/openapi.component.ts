import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { tiers } from '@penguinmails/contracts';
import { createLogger } from '@penguinmails/observability';
import { generateKeyPairSync } from 'node:crypto';
import { Writable } from 'node:stream';
import { createGatewayApplication } from '../../src/gateway.application.js';
import { readGatewayConfig } from '../../src/gateway.config.js';

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
  readonly schema: object;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Record<string, string[]>[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: object };
  readonly responses: Readonly<Record<string, { description: string; content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly info: object;
  readonly servers: readonly { url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, { properties: object }>>;
    readonly securitySchemes: object;
  };
}

const nowhere = 'http://127.0.0.1:1';
const privateKey = generateKeyPairSync('ed25519').privateKey.export({
  type: 'pkcs8',
  format: 'der',
});
const environment = {
  GATEWAY_PORT: '0',
  OLTP_URL: nowhere,
  CONTENT_URL: nowhere,
  OLAP_URL: nowhere,
  QUEUE_URL: nowhere,
  NOTIFICATIONS_URL: nowhere,
  CURSOR_SECRET: 'x',
  PUBLIC_URL: 'https://api.example.com',
  SERVICE_TOKEN_PRIVATE_KEY_SECRET: privateKey.toString('base64'),
};

const ID = { type: 'string', format: 'uuid' };
const TIER = { type: 'string', enum: [...tiers] };
/** Their path says everything. */
const WITHOUT_BODY = [
  'cancelEmail',
  'cancelJob',
  'retryJob',
  'resumeQueue',
  'retryParkedEvent',
  'discardParkedEvent',
  'replayDeadEvent',
];
/** The platform has jobs of its own. */
const OF_BOTH = ['listJobs', 'getJob', 'cancelJob', 'retryJob'];
/** Path parameters that are no ids. */
const NAMES: Readonly<Record<string, object>> = {
  tier: TIER,
  type: { type: 'string', pattern: expect.any(String), example: expect.any(String) },
  limit_key: { type: 'string', pattern: expect.any(String), example: expect.any(String) },
};

let app: NestFastifyApplication;
let document: Document;
const routes: string[] = [];
const get = (url: string) => app.inject({ method: 'GET', url });

beforeAll(async () => {
  const destination = new Writable({ write: (_chunk, _encoding, done) => done() });
  const logger = createLogger('gateway', { destination });
  app = await createGatewayApplication(readGatewayConfig(environment), logger);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRoute', ({ method, url }) => {
      for (const name of [method].flat()) routes.push(`${name} ${url}`);
    });
  await app.init();
  document = (await get('/v1/openapi.json')).json<Document>();
});
afterAll(() => app.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 at the public address', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'PenguinMails API', version: '1.0.0' });
    expect(document.servers).toEqual([{ url: 'https://api.example.com' }]);
  });

  it('has exactly the routes that the router has', () => {
    const documented = operations().map(
      ({ path, method }) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`,
    );
    const served = routes.filter((route) => !/^HEAD |\/docs/.test(route));
    expect(served.sort()).toEqual(documented.sort());
  });

  it('says of every operation who may call it and what it answers', () => {
    const names = operations().map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, operation } of operations()) {
      const { operationId, summary, tags, responses, security } = operation;
      expect([operationId, summary?.length > 0, tags.length]).toEqual([operationId, true, 1]);
      const isOpen = path === '/v1/openapi.json';
      const isOfBoth = OF_BOTH.includes(operationId);
      expect([operationId, security.length]).toEqual([operationId, isOpen ? 0 : isOfBoth ? 2 : 1]);
      const kind = path.startsWith('/v1/admin/') ? 'platform_key' : 'tenant_key';
      if (!isOpen) expect(Object.keys(security[0])).toEqual([kind]);
      if (kind === 'tenant_key' && !isOpen) expect(security[0].tenant_key).not.toEqual([]);
      const statuses = Object.keys(responses).map(Number);
      expect(statuses.some((status) => status < 300)).toBe(true);
      if (!isOpen) expect(statuses).toEqual(expect.arrayContaining([400, 401, 403, 500, 503]));
      for (const status of statuses.filter((code) => code >= 400)) {
        expect(Object.keys(responses[status].content ?? {})).toEqual(['application/problem+json']);
        expect(responses[status].description).toMatch(/^`[a-z_]+`(, `[a-z_]+`)*$/);
      }
    }
  });

  it('names every parameter of a path once and gives each a schema', () => {
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const documented = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect(documented.map(({ name }) => name).sort()).toEqual(inPath.sort());
      for (const { name, required, schema } of documented)
        expect([required, schema]).toEqual([true, NAMES[name] ?? ID]);
      for (const { schema } of operation.parameters) expect(schema).toHaveProperty('type');
    }
  });

  it('wants a JSON body wherever a body is read', () => {
    for (const { method, operation } of operations())
      if (!['get', 'delete'].includes(method) && !WITHOUT_BODY.includes(operation.operationId))
        expect(operation.requestBody).toMatchObject({
          required: true,
          content: { 'application/json': { schema: { $ref: expect.any(String) } } },
        });
  });

  it('refers to nothing that it does not hold, and holds nothing that is empty', () => {
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)];
    const schemas = Object.keys(document.components.schemas);
    expect(schemas).toEqual(expect.arrayContaining(references.map(([, name]) => name)));
    for (const [name, { properties }] of Object.entries(document.components.schemas))
      expect([name, Object.keys(properties).length > 0]).toEqual([name, true]);
    expect(Object.keys(document.components.securitySchemes)).toEqual([
      'tenant_key',
      'platform_key',
    ]);
  });

  it('speaks 3.1: null is a type, and there are no storage keys', () => {
    const text = JSON.stringify(document);
    expect(text).not.toContain('"nullable"');
    expect(text).not.toMatch(/storage_key|cnt_/);
  });
});

describe('the documentation page', () => {
  it('fetches nothing from outside, and could not', async () => {
    const page = await get('/docs');
    expect(page.headers['content-type']).toContain('text/html');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:|\*/);
    const loaded = [...page.body.matchAll(/(?:src|href)=['"]([^'"#]+)['"]/g)].map(([, url]) => url);
    expect(loaded.length).toBeGreaterThan(3);
    for (const url of loaded) {
      expect(url).toMatch(/^\.\/docs\//);
      const asset = await get(url.slice(1));
      expect([url, asset.statusCode]).toEqual([url, 200]);
    }
  });

  it('shows this document and asks no validator', async () => {
    const script = (await get('/docs/swagger-ui-init.js')).body;
    expect(script).toContain('"operationId": "sendEmail"');
    expect(script).toContain('"validatorUrl": "none"');
    const outside = [...script.matchAll(/https?:\/\/[\w.]+/g)].map(([url]) => url);
    expect(new Set(outside)).toEqual(new Set(['https://api.example.com']));
  });

  it('opens no other door', async () => {
    for (const url of ['/docs-json', '/docs-yaml', '/docs/../package.json', '/docs/%2e%2e/x'])
      expect((await get(url)).statusCode).toBe(404);
  });
});

describe('TRACE', () => {
  it('is answered 405 on every path, and nothing names the server', async () => {
    for (const url of ['/v1/emails', '/docs', '/nowhere']) {
      const { statusCode, headers } = await app.inject({ method: 'TRACE' as 'GET', url });
      expect([statusCode, headers.server, headers['x-powered-by']]).toEqual([
        405,
        undefined,
        undefined,
      ]);
    }
  });
});
