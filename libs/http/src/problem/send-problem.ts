import type { FastifyReply, FastifyRequest } from 'fastify';
import { SAFE_HEADERS } from '../app/safe-headers.js';
import type { Problem } from './problem.js';
import { PROBLEM_MEDIA_TYPE, toProblemDocument } from './problem-document.js';

/**
 * Answers with a problem. When part of another answer has already left, the connection is cut: the
 * client must not take half a body for a whole one.
 */
export function sendProblem(problem: Problem, request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  const document = toProblemDocument(problem, request.raw.url ?? '/', request.id);
  void reply
    .code(problem.status)
    .headers({ ...SAFE_HEADERS, 'x-request-id': request.id, ...retryAfterOf(problem) })
    .header('content-type', PROBLEM_MEDIA_TYPE)
    // Bytes, since Fastify adds a charset to JSON texts, which this media type does not have.
    .send(Buffer.from(JSON.stringify(document)));
}

function retryAfterOf({ retryAfter }: Problem): Record<string, string> {
  return retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) };
}
