import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger } from '@penguinmails/observability';
import {
  type Caller,
  createHttpApplication,
  type HttpOptions,
  PlatformRoute,
  PublicRoute,
  ServiceTokenSigner,
  tierDown,
  UndeclaredAccess,
} from '../../src/index.js';
import { CANARY, DatabaseAway, ProbeModule } from './probe.module.js';

const TENANT = '0190b5a0-0000-7000-8000-000000000001';
const NIL = '00000000-0000-0000-0000-000000000000';

const pair = () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    publicKey: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'),
    privateKey: privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64'),
  };
};
const gateway = pair();
const worker = pair();
const publicKeys = { gateway: gateway.publicKey, worker: worker.publicKey };
const gatewaySigner = new ServiceTokenSigner({ issuer: 'gateway', ...gateway });
const workerSigner = new ServiceTokenSigner({ issuer: 'worker', ...worker });

const tenantCaller: Caller = {
  service: 'gateway',
  tenantId: TENANT,
  actor: { kind: 'api_key', id: 'key-1', userId: 'user-1' },
  mode: 'test',
  scopes: ['emails:read'],
  requestId: 'unused',
};
const platformCaller: Caller = {
  ...tenantCaller,
  tenantId: NIL,
  actor: { kind: 'platform_key', id: 'key-2' },
  mode: 'live',
};

const lines: string[] = [];
const destination = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk));
    done();
  },
});
const options: HttpOptions = {
  logger: createLogger('probe', { level: 'debug', destination }),
  callers: { audience: 'oltp', publicKeys },
  mapError: (error) => (error instanceof DatabaseAway ? tierDown('oltp', error) : undefined),
};

let app: NestFastifyApplication;
let base: string;

beforeAll(async () => {
  app = await createHttpApplication(ProbeModule, options);
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
});
afterAll(() => app.close());

const call = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${base}${path}`, { signal: AbortSignal.timeout(120_000), ...init });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return {
    status: response.status,
    headers: response.headers,
    body: isJson ? JSON.parse(text) : text,
  };
};
const post = (path: string, body: string, headers: Record<string, string> = {}) =>
  call(path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
const withToken = async (token: Promise<string>, init: RequestInit = {}) => ({
  ...init,
  headers: { ...init.headers, authorization: `Bearer ${await token}` },
});

/** What every refusal must look like. */
const expectProblem = (
  answer: Awaited<ReturnType<typeof call>>,
  status: number,
  code: string,
): void => {
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.body).toMatchObject({ type: `urn:penguinmails:problem:${code}`, status });
  expect(answer.body.request_id).toBe(answer.headers.get('x-request-id'));
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
};

describe('every answer', () => {
  it('has a request id, safe headers, and no X-Powered-By', async () => {
    const { headers, body } = await call('/internal/open');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-powered-by')).toBeNull();
    expect(body.requestId).toBe(headers.get('x-request-id'));
  });

  it('keeps a caller’s request id when it looks like one, else makes its own', async () => {
    const kept = await call('/internal/open', { headers: { 'x-request-id': 'abc-12345' } });
    expect(kept.body.requestId).toBe('abc-12345');
    const own = await call('/internal/open', { headers: { 'x-request-id': '<script>' } });
    expect(own.body.requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('may say otherwise about caching, and may be bytes', async () => {
    const { headers, body } = await call('/internal/bytes');
    expect(body).toBe('bytes');
    expect(headers.get('cache-control')).toBe('private, max-age=60');
    expect(headers.get('content-type')).toContain('text/plain');
  });
});

describe('problems', () => {
  it('answers unknown routes, wrong methods and undecodable or endless paths', async () => {
    expectProblem(await call('/nowhere?x=1'), 404, 'route_not_found');
    expectProblem(await call('/internal/open', { method: 'DELETE' }), 404, 'route_not_found');
    expectProblem(await call('/internal/%zz'), 400, 'malformed_request');
    expectProblem(await call(`/internal/emails/${'x'.repeat(3000)}`), 404, 'route_not_found');
    expect((await call('/nowhere?secret=1')).body.instance).toBe('/nowhere');
  });

  it('answers a malformed id like an unknown one', async () => {
    expectProblem(await call('/internal/emails/not-an-id'), 404, 'not_found');
    expectProblem(await call('/internal/emails/%00'), 404, 'not_found');
    expect((await call(`/internal/emails/${TENANT.toUpperCase()}`)).body.id).toBe(TENANT);
  });

  it('hides what nobody expected and maps what the tier knows', async () => {
    const broken = await call('/internal/broken');
    expectProblem(broken, 500, 'internal_error');
    expect(JSON.stringify(broken.body)).not.toContain(CANARY);
    const away = await call('/internal/away');
    expectProblem(away, 503, 'tier_unavailable');
    expect(away.body).toMatchObject({ tier: 'oltp', retryable: true });
    expect(away.headers.get('retry-after')).toBe('1');
  });

  it('refuses TRACE, and answers what is not HTTP on the bare socket', async () => {
    expect(
      await raw('TRACE /internal/open HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1.1 405 [^]*"code":"method_not_allowed"/);
    const both = 'content-length: 5\r\ntransfer-encoding: chunked';
    const smuggled = [
      `POST /internal/emails HTTP/1.1\r\nhost: x\r\n${both}\r\n\r\n0\r\n\r\n`,
      'POST /internal/emails HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      'GET /internal/open HTTP/1.1\r\nhost: x\r\nx-folded: a\r\n b\r\n\r\n',
      'nonsense\r\n\r\n',
    ];
    for (const request of smuggled)
      expect(await raw(request)).toMatch(/^HTTP\/1.1 400 [^]*"code":"malformed_request"/);
  });
});

function* pieces(length: number): Generator<Buffer> {
  for (let sent = 0; sent < length; sent += 50_000) yield Buffer.alloc(50_000, 'x');
}

const raw = (request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk)).on('error', reject);
    socket.on('end', () => resolve(answer)).setTimeout(5000, () => socket.end());
  });

describe('bodies', () => {
  it.each([
    ['{', 400, 'malformed_json'],
    ['', 400, 'malformed_json'],
    ['{"subject":"a"} x', 400, 'malformed_json'],
    ['{"__proto__":{"admin":true},"subject":"a"}', 400, 'malformed_json'],
    ['{"constructor":{"prototype":{"admin":true}},"subject":"a"}', 400, 'malformed_json'],
    ['{"a":'.repeat(33) + '1' + '}'.repeat(33), 400, 'json_too_deep'],
    ['['.repeat(200_000), 400, 'json_too_deep'],
    ['"text"', 422, 'validation_failed'],
    ['[]', 422, 'validation_failed'],
    ['null', 422, 'validation_failed'],
  ])('case %# is refused', async (body, status, code) => {
    expectProblem(await post('/internal/emails', body), status, code);
  });

  it('refuses bytes that are not UTF-8, other media types, and bodies without one', async () => {
    const bytes = Buffer.from([0x22, 0xff, 0x22]);
    const headers = { 'content-type': 'application/json' };
    const broken = await call('/internal/emails', { method: 'POST', body: bytes, headers });
    expectProblem(broken, 400, 'malformed_json');
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense'])
      expectProblem(
        await post('/internal/emails', '{}', { 'content-type': type }),
        415,
        'unsupported_media_type',
      );
  });

  it('spends little on a depth bomb', async () => {
    const bomb = '[{"a":'.repeat(150_000);
    const before = process.cpuUsage();
    expectProblem(await post('/internal/emails', bomb), 400, 'json_too_deep');
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(500);
  });

  it('answers 413 to a client that is still sending, and lets one route take more', async () => {
    const large = JSON.stringify({ text: 'x'.repeat(2 * 1024 * 1024) });
    expectProblem(await post('/internal/emails', large), 413, 'body_too_large');
    expect((await post('/internal/uploads', large)).body.length).toBe(2 * 1024 * 1024);
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(Buffer.alloc(65_536, 'x')),
    });
    const stop = AbortSignal.timeout(60_000);
    const headers = { 'content-type': 'application/json' };
    const init = { method: 'POST', body: endless, headers, duplex: 'half', signal: stop };
    const answer = await fetch(`${base}/internal/emails`, init as RequestInit);
    expect(answer.status).toBe(413);
  });

  it('answers 413 to a client that reads only after it has sent everything', async () => {
    const length = 30_000_000;
    const head = `POST /internal/emails HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
    for (let round = 0; round < 5; round += 1) {
      const socket = connect(Number(new URL(base).port), '127.0.0.1');
      socket.write(`${head}content-length: ${length}\r\n\r\n`);
      await pipeline(Readable.from(pieces(length)), socket, { end: false });
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toContain('HTTP/1.1 413');
      socket.destroy();
    }
  });

  it('points at every fault of a body', async () => {
    const body = {
      subject: 'x'.repeat(21),
      tenant_id: TENANT,
      'a/b~c': 1,
      attachments: [{ filename: 'a' }, { filename: '', path: '/etc/passwd' }, 7],
    };
    const answer = await post('/internal/emails', JSON.stringify(body));
    expectProblem(answer, 422, 'validation_failed');
    const found = answer.body.errors.map((item: { pointer: string; code: string }) => [
      item.pointer,
      item.code,
    ]);
    expect(found).toEqual(
      expect.arrayContaining([
        ['/tenant_id', 'unknown_field'],
        ['/a~1b~0c', 'unknown_field'],
        ['/subject', 'max_length'],
        ['/attachments/1/filename', 'is_not_empty'],
        ['/attachments/1/path', 'unknown_field'],
        ['/attachments/2', 'nested_validation'],
      ]),
    );
    expect(found).toHaveLength(6);
    const empty = await post('/internal/emails', '{}');
    expect(empty.body.errors[0]).toMatchObject({ pointer: '/subject' });
  });

  it('refuses prototype keys anywhere as unknown fields or bad JSON', async () => {
    for (const key of [
      'id',
      'status',
      'created_at',
      'role',
      'constructor',
      'toString',
      'prototype',
    ])
      expectProblem(
        await post('/internal/emails', JSON.stringify({ subject: 'a', [key]: 'x' })),
        422,
        'validation_failed',
      );
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('cuts off long arrays before looking at their items', async () => {
    const attachments = Array.from({ length: 10_000 }, () => ({ filename: 'a' }));
    const answer = await post('/internal/emails', JSON.stringify({ subject: 'a', attachments }));
    expectProblem(answer, 422, 'validation_failed');
    expect(answer.body.errors).toMatchObject([{ pointer: '/attachments', code: 'array_too_long' }]);
  });
});

describe('queries', () => {
  it('are 400 when a parameter is unknown or its value bad', async () => {
    expect((await call('/internal/emails?limit=5')).body).toEqual({ limit: 5 });
    const unknown = await call('/internal/emails?api_key=x');
    expectProblem(unknown, 400, 'unknown_parameter');
    expect(unknown.body.errors).toMatchObject([{ parameter: 'api_key' }]);
    for (const limit of ['0', 'x', '1.5', '1&limit=2'])
      expectProblem(await call(`/internal/emails?limit=${limit}`), 400, 'invalid_parameter');
  });

  it('are refused by routes that read none, or only named ones', async () => {
    expectProblem(await call('/internal/open?x=1'), 400, 'unknown_parameter');
    expectProblem(await call('/internal/named?from=a&to=b'), 400, 'unknown_parameter');
    expect((await call('/internal/named?from=a')).body).toEqual({ from: 'a' });
  });
});

describe('access', () => {
  it('refuses a boot with a route that declares none, or two', async () => {
    @Controller()
    class Forgetful {
      @Get('a')
      none() {
        return 1;
      }

      @Get('b')
      @PublicRoute()
      @PlatformRoute()
      two() {
        return 2;
      }
    }
    @Module({ controllers: [Forgetful] })
    class ForgetfulModule {}
    const boot = createHttpApplication(ForgetfulModule, options);
    await expect(boot).rejects.toThrow(UndeclaredAccess);
    await expect(boot).rejects.toThrow('Forgetful.none, Forgetful.two');
  });

  it('is 401 without a good token, before the body is read', async () => {
    expectProblem(await call('/internal/caller'), 401, 'unauthorized');
    for (const authorization of ['Basic abc', 'Bearer', 'Bearer a b', 'bearer x'])
      expect((await call('/internal/caller', { headers: { authorization } })).status).toBe(401);
    const wrongAudience = await withToken(gatewaySigner.token('content', tenantCaller));
    expectProblem(await call('/internal/caller', wrongAudience), 401, 'invalid_service_token');
    const bomb = await post('/internal/either', '['.repeat(200_000));
    expectProblem(bomb, 401, 'unauthorized');
  });

  it('gives the caller that the gateway vouches for', async () => {
    const init = await withToken(gatewaySigner.token('oltp', tenantCaller), {
      headers: { 'x-request-id': 'request-1' },
    });
    const { body } = await call('/internal/caller', init);
    expect(body).toEqual({ ...tenantCaller, requestId: 'request-1' });
    expect((await call('/internal/caller', init)).status).toBe(200);
  });

  it('holds each kind of route to its kind of caller and scope', async () => {
    const tokens = {
      tenant: gatewaySigner.token('oltp', tenantCaller),
      scopeless: gatewaySigner.token('oltp', { ...tenantCaller, scopes: ['emails:send'] }),
      platform: gatewaySigner.token('oltp', platformCaller),
      gateway: gatewaySigner.token('oltp'),
      worker: workerSigner.token('oltp'),
    };
    const routes = [
      'GET caller',
      'GET platform',
      'POST either',
      'POST leases',
      'POST leases:heartbeat',
    ];
    const matrix: Record<string, number[]> = {};
    for (const [name, token] of Object.entries(tokens)) {
      matrix[name] = [];
      for (const route of routes) {
        const [method, path] = route.split(' ');
        const { status } = await call(`/internal/${path}`, await withToken(token, { method }));
        matrix[name].push(status);
      }
    }
    expect(matrix).toEqual({
      tenant: [200, 403, 204, 403, 403],
      scopeless: [403, 403, 204, 403, 403],
      platform: [403, 200, 204, 403, 403],
      gateway: [403, 403, 403, 403, 200],
      worker: [403, 403, 403, 200, 200],
    });
  });

  it('hides routes that were registered past the decorators', async () => {
    const other = await createHttpApplication(ProbeModule, { ...options, openPaths: ['/docs'] });
    const adapter = other.getHttpAdapter();
    adapter.get('/docs', (_request: unknown, reply: { send(body: string): void }) =>
      reply.send('docs'),
    );
    adapter.get('/back-door', (_request: unknown, reply: { send(body: string): void }) =>
      reply.send('in'),
    );
    await other.init();
    await adapter.getInstance().ready();
    expect((await other.inject('/docs')).body).toBe('docs');
    expect((await other.inject('/back-door')).statusCode).toBe(404);
    await other.close();
  });
});

describe('logs', () => {
  it('say which route failed and hold no query, body or token', async () => {
    lines.length = 0;
    await call('/internal/broken');
    await post('/internal/emails', JSON.stringify({ [CANARY]: 'someone@example.test' }));
    await call('/internal/caller', {
      headers: { authorization: 'Bearer eyJhbGciOiJub25lIn0.e30.' },
    });
    const logged = lines.map((line) => JSON.parse(line));
    expect(logged).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ level: 'error', route: '/internal/broken', status: 500 }),
        expect.objectContaining({ level: 'warn', route: '/internal/caller', status: 401 }),
      ]),
    );
    expect(lines.join('')).not.toContain('someone@example.test');
    expect(lines.join('')).not.toContain('eyJ');
  });
});
