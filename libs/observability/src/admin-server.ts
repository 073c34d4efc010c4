import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reportReadiness } from './health.js';

/** Writes the metrics in Prometheus text format as the whole answer. */
export type ServeMetrics = (request: IncomingMessage, response: ServerResponse) => void;

export interface AdminServer {
  readonly port: number;
  close(): Promise<void>;
}

const TIMEOUTS = {
  headersTimeout: 2000,
  requestTimeout: 5000,
  keepAliveTimeout: 5000,
  // Node looks for requests over their time this often; its default is 30 s.
  connectionsCheckingInterval: 1000,
};
const MAX_CONNECTIONS = 64;

/**
 * Listens for /metrics, /livez, /readyz. Port 0 takes a free one.
 * @param serveMetrics undefined: /metrics answers 404
 */
export async function startAdminServer(
  address: { host: string; port: number },
  serveMetrics: ServeMetrics | undefined,
): Promise<AdminServer> {
  const server = createServer(TIMEOUTS, (request, response) => {
    void answer(request, response, serveMetrics);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, address);
  // The admin port alone must not keep a process alive that has nothing else to do.
  server.unref();
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  serveMetrics: ServeMetrics | undefined,
): Promise<void> {
  const path = request.url?.split('?')[0];
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, {});
  if (path === '/livez') return send(response, 200, { status: 'alive' });
  if (path === '/readyz') return sendReadiness(response);
  if (path === '/metrics' && serveMetrics) return serveMetrics(request, response);
  send(response, 404, {});
}

async function sendReadiness(response: ServerResponse): Promise<void> {
  const { ready, ...report } = await reportReadiness();
  send(response, ready ? 200 : 503, { status: ready ? 'ready' : 'unready', ...report });
}

function send(response: ServerResponse, status: number, body: object): void {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(JSON.stringify(body));
}

function listen(server: Server, address: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => resolve());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
