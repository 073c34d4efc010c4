import type { FastifyInstance, FastifyRequest } from 'fastify';
import { REQUEST_LIMIT_BYTES } from '../content/content-limits.js';
import { UploadGate, type UploadGateSettings } from './upload-gate.js';

/** Smaller bodies are read at once. */
const LARGE_BYTES = 1024 * 1024;

/** Holds large bodies back before they are read, after the caller has been let in. */
export function useUploadGate(instance: FastifyInstance, settings: UploadGateSettings): void {
  const gate = new UploadGate(settings);
  instance.addHook('onRequest', async (request, reply) => {
    const bytes = bodyBytes(request);
    if (bytes < LARGE_BYTES || bytes > REQUEST_LIMIT_BYTES) return;
    const leave = await gate.enter(bytes);
    // Closes after the answer as well as when the sender goes away, also while it waited.
    if (reply.raw.closed) leave();
    else reply.raw.once('close', leave);
  });
}

/** As announced; a body without a length counts as the largest one. */
function bodyBytes({ headers }: FastifyRequest): number {
  if (headers['transfer-encoding'] !== undefined) return REQUEST_LIMIT_BYTES;
  return Number(headers['content-length'] ?? 0);
}
