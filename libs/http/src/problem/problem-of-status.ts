import { Problem } from './problem.js';
import {
  badRequest,
  bodyTooLarge,
  forbidden,
  internalError,
  unauthorized,
  unsupportedMediaType,
} from './problems.js';

/** 404 for a path that no route has; a resource that does not exist is `not_found`. */
export function routeNotFound(): Problem {
  return new Problem(404, 'route_not_found', { detail: 'There is no such route.' });
}

/** 405: a method that nothing here answers. */
export function methodNotAllowed(): Problem {
  return new Problem(405, 'method_not_allowed', { detail: 'The method is not allowed.' });
}

const BY_STATUS: Readonly<Record<number, (cause: unknown) => Problem>> = {
  400: () => badRequest('malformed_request', 'The request cannot be read.'),
  401: (cause) => unauthorized('unauthorized', cause),
  403: () => forbidden(),
  404: routeNotFound,
  405: methodNotAllowed,
  408: () =>
    new Problem(408, 'request_timeout', { detail: 'The request took too long to arrive.' }),
  413: bodyTooLarge,
  // A path parameter longer than any id: answered as an unknown id is.
  414: routeNotFound,
  415: unsupportedMediaType,
  431: () => new Problem(431, 'headers_too_large', { detail: 'The headers are too large.' }),
};

/** The problem for an error that only carries a status, such as Fastify's and Nest's own. */
export function problemOfStatus(status: number, cause: unknown): Problem {
  const make = BY_STATUS[status];
  if (make) return make(cause);
  if (status >= 500) return internalError(cause);
  return new Problem(status, `http_${status}`, { cause });
}
