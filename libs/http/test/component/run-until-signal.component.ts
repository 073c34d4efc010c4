import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, get as httpGet, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';

const fixtures = join(import.meta.dirname, '../fixtures');
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const freePort = async (): Promise<number> => {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

interface Service {
  readonly child: ChildProcess;
  readonly port: number;
  readonly adminPort: number;
  /** Resolves when a line with these words has been logged. */
  logged(words: string): Promise<void>;
}

/** The built fixture with its instrumentation preloaded, as every app is started. */
const startService = async (env: Record<string, string> = {}): Promise<Service> => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const args = ['--import', join(fixtures, 'instrumentation.mjs'), join(fixtures, 'service.mjs')];
  const ports = { PROBE_PORT: String(port), PROBE_METRICS_PORT: String(adminPort) };
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, PROBE_SLOW_MS: '1000', ...ports, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  closers.push(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const waiting: [string, () => void][] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    waiting.filter(([words]) => line.includes(words)).forEach(([, done]) => done());
  });
  const logged = (words: string) =>
    new Promise<void>((resolve) => {
      if (lines.some((line) => line.includes(words))) resolve();
      else waiting.push([words, resolve]);
    });
  await logged('"msg":"ready"');
  return { child, port, adminPort, logged };
};

const get = (port: number, path: string, agent?: Agent): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    httpGet({ port, path, agent, host: '127.0.0.1' }, resolve).on('error', reject);
  });

describe('runUntilSignal', () => {
  it('is ready, then on SIGTERM answers what is under way and takes nothing new', async () => {
    const service = await startService();
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

    const answer = await slow;
    expect(answer.headers.connection).toBe('close');
    expect(await json(answer)).toEqual({ done: true });
    await service.logged('module destroyed');
    expect(await exited).toEqual([0, null]);
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
