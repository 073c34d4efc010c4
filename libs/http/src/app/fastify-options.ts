import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyHttpOptions, FastifyReply, FastifyRequest } from 'fastify';
import { newId } from '@penguinmails/contracts';
import { PROBLEM_MEDIA_TYPE, toProblemDocument } from '../problem/problem-document.js';
import { problemOfStatus } from '../problem/problem-of-status.js';
import { sendProblem } from '../problem/send-problem.js';
import { requestIdOf } from './request-id.js';

/** 1 MB for JSON bodies that no route says otherwise about. */
export const DEFAULT_BODY_LIMIT = 1024 * 1024;

const HEADERS_MS = 10_000;
/** Node looks for requests over their time this often; its default is 30 s. */
const CHECK_MS = 2000;
/** For a whole request to arrive; the largest is an e-mail with its attachments. */
const REQUEST_MS = 60_000;
/** Longer than the edges keep idle connections (4 s), so that they close first. */
const KEEP_ALIVE_MS = 10_000;
/** A socket that neither sends nor takes anything. */
const IDLE_MS = 60_000;
/** Longest path parameter; ids and storage keys are shorter. */
const MAX_PARAM_LENGTH = 128;

/** Fastify's settings. @param trustCallers true on internal ports: their request ids are kept */
export function fastifyOptions(
  bodyLimit: number,
  trustCallers: boolean,
): FastifyHttpOptions<Server> {
  return {
    bodyLimit,
    logger: false,
    connectionTimeout: IDLE_MS,
    requestTimeout: REQUEST_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    http: { headersTimeout: HEADERS_MS, connectionsCheckingInterval: CHECK_MS },
    requestIdHeader: false,
    genReqId: (request) => requestIdOf(request as IncomingMessage, trustCallers),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Requests on connections that are still open while we drain are served, with connection: close.
    return503OnClosing: false,
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  };
}

/** Errors of the router (a URL that cannot be decoded, a parameter that is too long). */
function answerFrameworkError(
  error: { statusCode?: number },
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  sendProblem(problemOfStatus(error.statusCode ?? 400, error), request, reply);
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** What is not HTTP (also both Content-Length and Transfer-Encoding): answered on the bare socket. */
function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const problem = problemOfStatus(STATUS_OF_CODE[error.code ?? ''] ?? 400, error);
  const body = JSON.stringify(toProblemDocument(problem, '/', newId()));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
    `content-type: ${PROBLEM_MEDIA_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
