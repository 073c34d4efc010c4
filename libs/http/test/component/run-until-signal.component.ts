import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, get as httpGet, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@penguinmails/testing';

const fixtures = join(import.meta.dirname, '../fixtures');
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface Service {
  readonly child: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
  /** The first line with these words, when it has been logged. */
  logged(words: string): Promise<Record<string, string>>;
}

/** The built fixture with its instrumentation preloaded, as every app is started. */
const startService = async (env: Record<string, string> = {}): Promise<Service> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const args = ['--import', join(fixtures, 'instrumentation.mjs'), join(fixtures, 'service.mjs')];
  const ports = { PROBE_PORT: String(port), PROBE_METRICS_PORT: String(adminPort) };
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, PROBE_SLOW_MS: '1000', PROBE_LINGER_MS: '0', ...ports, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting: [string, (line: string) => void][] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    waiting.filter(([words]) => line.includes(words)).forEach(([, done]) => done(line));
  });
  const logged = async (words: string) => {
    const line = await new Promise<string>((resolve) => {
      const known = lines.find((candidate) => candidate.includes(words));
      if (known) resolve(known);
      else waiting.push([words, resolve]);
    });
    return JSON.parse(line) as Record<string, string>;
  };
  await logged('"msg":"ready"');
  return { child, port, adminPort, logged };
};

const get = (port: number, path: string, agent?: Agent): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    httpGet({ port, path, agent, host: '127.0.0.1' }, resolve).on('error', reject);
  });

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const echo = (port: number) =>
  fetch(`http://127.0.0.1:${port}/echo`, {
    method: 'POST',
    body: '{}',
    headers: {
      'content-type': 'application/json',
      'x-request-id': 'request-1',
      traceparent: `00-${TRACE_ID}-b7ad6b7169203331-01`,
    },
    signal: AbortSignal.timeout(60_000),
  });

describe('a caller’s trace', () => {
  it('is gone on with on an internal port, in the handler too, after its body was read', async () => {
    const { port, logged } = await startService();
    expect((await echo(port)).headers.get('x-request-id')).toBe('request-1');
    expect((await logged('inside the handler')).trace_id).toBe(TRACE_ID);
  });

  it('is not taken over on a public port, nor is the request id', async () => {
    const { port, logged } = await startService({ PROBE_EXPOSURE: 'public' });
    expect((await echo(port)).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    const { trace_id } = await logged('inside the handler');
    expect(trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(trace_id).not.toBe(TRACE_ID);
  });
});

describe('runUntilSignal', () => {
  it('is ready, then on SIGTERM answers what is under way and takes nothing new', async () => {
    const service = await startService({ PROBE_SLOW_MS: '20000' });
    expect((await get(service.adminPort, '/readyz')).statusCode).toBe(200);
    const agent = new Agent({ keepAlive: true, maxSockets: 2 });
    closers.push(() => agent.destroy());
    (await get(service.port, '/quick', agent)).resume();
    const slow = get(service.port, '/slow', agent);
    await service.logged('slow request began');

    const exited = once(service.child, 'exit');
    service.child.kill('SIGTERM');
    await service.logged('"msg":"stopping"');
    expect((await get(service.adminPort, '/readyz')).statusCode).toBe(503);
    expect((await get(service.adminPort, '/livez')).statusCode).toBe(200);
    await expect(get(service.port, '/quick')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    service.child.kill('SIGUSR2');
    const answer = await slow;
    expect(answer.headers.connection).toBe('close');
    expect(await json(answer)).toEqual({ done: true });
    await service.logged('module destroyed');
    expect(await exited).toEqual([0, null]);
  });

  it('answers who asks again on an idle connection, and then closes it', async () => {
    const service = await startService({ PROBE_LINGER_MS: '20000' });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    closers.push(() => agent.destroy());
    await json(await get(service.port, '/quick', agent));
    service.child.kill('SIGTERM');
    await service.logged('"msg":"stopping"');

    const answer = await get(service.port, '/quick', agent);
    expect(answer.headers.connection).toBe('close');
    expect(await json(answer)).toEqual({ done: true });
    expect((await get(service.port, '/quick')).headers.connection).toBe('close');
  });

  it('leaves a 413 readable for a client that is still sending', async () => {
    const { port, child, logged } = await startService({ PROBE_LINGER_MS: '20000' });
    child.kill('SIGTERM');
    await logged('"msg":"stopping"');
    const body = JSON.stringify('x'.repeat(8 * 1024 * 1024));
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`http://127.0.0.1:${port}/echo`, { method: 'POST', body, headers });
    expect(answer.status).toBe(413);
    expect(answer.headers.get('connection')).not.toBe('close');
  });

  it('sends the last spans before it exits', async () => {
    const names: string[] = [];
    const receiver = createServer(async (request, response) => {
      const body = (await json(request)) as {
        resourceSpans: { scopeSpans: { spans: { name: string }[] }[] }[];
      };
      const spans = body.resourceSpans.flatMap(({ scopeSpans }) =>
        scopeSpans.flatMap((scope) => scope.spans),
      );
      names.push(...spans.map(({ name }) => name));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    closers.push(() => receiver.close());
    const { port } = receiver.address() as AddressInfo;
    const service = await startService({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'always_on',
    });
    (await get(service.port, '/quick')).resume();
    const metrics = await get(service.adminPort, '/metrics');
    const exited = once(service.child, 'exit');
    service.child.kill('SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(names).toEqual(expect.arrayContaining(['GET /quick', 'db.transaction']));
    expect(metrics.statusCode).toBe(200);
  });

  it('a second signal ends it at once', async () => {
    const service = await startService({ PROBE_SLOW_MS: '20000' });
    const slow = get(service.port, '/slow');
    const lost = expect(slow).rejects.toMatchObject({ code: 'ECONNRESET' });
    await service.logged('slow request began');
    const exited = once(service.child, 'exit');
    service.child.kill('SIGTERM');
    await service.logged('"msg":"stopping"');
    service.child.kill('SIGTERM');
    expect(await exited).toEqual([1, null]);
    await lost;
  });

  it('an error that nobody caught is logged and ends it with 1', async () => {
    const service = await startService();
    const exited = once(service.child, 'exit');
    get(service.port, '/crash').catch(() => undefined);
    await service.logged('nobody caught this');
    expect(await exited).toEqual([1, null]);
  });
});
