import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

const draining = new WeakSet<Server>();
/** Connections without a first request, which Node does not take for idle. */
const unused = new WeakMap<Server, Set<Socket>>();

/** Answers from the beginning of {@link drain} on tell the client to close the connection. */
export function useDrain(instance: FastifyInstance): void {
  watchUnused(instance.server as Server);
  instance.addHook('onRequest', (_request, reply, done) => {
    if (draining.has(instance.server as Server)) reply.header('connection', 'close');
    done();
  });
  instance.addHook('onSend', (_request, reply, payload, done) => {
    if (draining.has(instance.server as Server)) reply.header('connection', 'close');
    done(null, payload);
  });
}

function watchUnused(server: Server): void {
  const sockets = new Set<Socket>();
  unused.set(server, sockets);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', ({ socket }: { socket: Socket }) => sockets.delete(socket));
}

export interface DrainTimes {
  /** How long connections are still taken, in milliseconds. */
  readonly lingerMs: number;
  /** What requests under way have after that. */
  readonly timeoutMs: number;
}

/**
 * Sees the clients of a server out. For `lingerMs` it goes on as before, but every answer closes its
 * connection: who asks all the time goes elsewhere without noticing, and a balancer that looks often
 * enough sees that this process is not ready (one that does not needs a pause before the signal, such as
 * Kubernetes' preStop). A connection that is closed as soon as it is idle may have the next request on its
 * way, which would be lost (RFC 9112, section 9.5). Then it stops accepting connections, closes those that
 * are idle or unused, and waits until every request that is under way has its answer; what is left after
 * `timeoutMs` is cut off.
 */
export async function drain(server: Server, { lingerMs, timeoutMs }: DrainTimes): Promise<void> {
  if (!server.listening) return;
  draining.add(server);
  if (lingerMs > 0) await delay(lingerMs);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  for (const socket of unused.get(server) ?? []) socket.destroy();
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearTimeout(timer);
}
