import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, expect } from '@jest/globals';
import { measured } from '@penguinmails/testing';
import type { Caller } from '../../src/index.js';
import { type Deadlines, TierClient, type TierClientOptions } from '../../src/tier-client/index.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export const caller: Caller = {
  service: 'gateway',
  tenantId: '0190b5a0-0000-7000-8000-000000000001',
  actor: { kind: 'api_key', id: 'key-1' },
  mode: 'live',
  scopes: [],
  requestId: 'request-1',
};
export const GET = { method: 'GET', path: '/internal/x' } as const;
export const POST = { method: 'POST', path: '/internal/x', body: {} } as const;
export const DOWN = { status: 503, code: 'tier_unavailable', tier: 'content', retryAfter: 1 };

export const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

export const listen = async (server: Server | ReturnType<typeof createTcpServer>, port = 0) => {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};
export const serve = async (handler: Handler, port = 0) => {
  const server = createServer(handler);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  closers.push(close);
  return { port: await listen(server, port), close, server };
};
export const json = (
  response: ServerResponse,
  status: number,
  body: unknown,
  type = 'application/json',
) => response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
const LONG_MS = 120_000;
/** Where time is not the matter: a process that stands still finds its deadlines over before its answers. */
export const PATIENT: Deadlines = {
  read: LONG_MS,
  write: LONG_MS,
  upload: LONG_MS,
  progress: LONG_MS,
  download: LONG_MS,
};
export const clientOf = (port: number, options: Partial<TierClientOptions> = {}) => {
  const client = new TierClient({
    tier: 'content',
    baseUrl: `http://127.0.0.1:${port}`,
    signToken: async (on) => `token of ${on?.tenantId ?? 'the service'}`,
    deadlines: PATIENT,
    ...options,
  });
  closers.push(() => client.close());
  return client;
};
export const timed = <T>(run: () => Promise<T>) =>
  measured<unknown>(() => run().catch((error: unknown) => error));
export const openBreaker = async (client: TierClient): Promise<void> => {
  for (let call = 0; call < 20 && !client.isOpen; call += 1)
    await client.request(GET).catch(() => undefined);
  expect(client.isOpen).toBe(true);
};
/** Until it holds: by asking, since nothing signals it. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  const end = performance.now() + 90_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('did not come about within 90 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};
