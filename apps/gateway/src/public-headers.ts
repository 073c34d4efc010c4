import type { FastifyInstance } from 'fastify';

const HSTS = 'max-age=63072000; includeSubDomains';

/** Headers of every answer of the public port, beside those that all our ports send. */
export function usePublicHeaders(instance: FastifyInstance): void {
  instance.addHook('onSend', (_request, reply, payload, done) => {
    reply.header('strict-transport-security', HSTS);
    if (reply.statusCode === 401) reply.header('www-authenticate', 'Bearer');
    done(null, payload);
  });
}
