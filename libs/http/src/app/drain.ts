import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

const draining = new WeakSet<Server>();

/** Answers on connections that outlive {@link drain} tell the client to close them. */
export function useDrain(instance: FastifyInstance): void {
  instance.addHook('onRequest', (_request, reply, done) => {
    if (draining.has(instance.server as Server)) reply.header('connection', 'close');
    done();
  });
  instance.addHook('onSend', (_request, reply, payload, done) => {
    if (draining.has(instance.server as Server)) reply.header('connection', 'close');
    done(null, payload);
  });
}

/**
 * Stops accepting connections, closes idle ones, and waits until every request that is under way has
 * its answer; what is left after `timeoutMs` is cut off.
 */
export async function drain(server: Server, timeoutMs: number): Promise<void> {
  if (!server.listening) return;
  draining.add(server);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearTimeout(timer);
}
