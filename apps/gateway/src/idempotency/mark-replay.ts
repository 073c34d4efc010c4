import type { FastifyReply } from 'fastify';
import type { Result } from './idempotent-requests.js';

/** Says in the answer's headers that it was given before. */
export function markReplay(reply: FastifyReply, { replayed }: Result<unknown>): void {
  if (replayed) reply.header('idempotent-replayed', 'true');
}
