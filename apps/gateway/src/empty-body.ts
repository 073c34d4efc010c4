import type { FastifyInstance } from 'fastify';

/**
 * Many clients send `content-type: application/json` with every POST, also with one that has no body.
 * That is no malformed JSON but no body at all.
 */
export function useEmptyBodies(instance: FastifyInstance): void {
  instance.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers['content-length'] === '0') delete headers['content-type'];
    done();
  });
}
