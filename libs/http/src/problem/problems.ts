import type { Tier } from '@penguinmails/contracts';
import { Problem, type ProblemItem } from './problem.js';

/** 400: the request cannot be read or asks for something that cannot be asked. */
export function badRequest(code: string, detail: string, errors?: readonly ProblemItem[]): Problem {
  return new Problem(400, code, { detail, errors });
}

/** 401: no credential, or one that does not count. The same answer whatever is wrong with it. */
export function unauthorized(code = 'unauthorized', cause?: unknown): Problem {
  return new Problem(401, code, { detail: 'A valid credential is needed.', cause });
}

/** 403: the credential is good but not for this. */
export function forbidden(
  code = 'forbidden',
  detail = 'The credential does not allow this.',
): Problem {
  return new Problem(403, code, { detail });
}

/** 404: unknown, malformed and foreign ids alike, so that an answer says nothing about others. */
export function notFound(): Problem {
  return new Problem(404, 'not_found', { detail: 'There is no such resource.' });
}

/** 409: the state of the resource does not allow this. */
export function conflict(code: string, detail: string): Problem {
  return new Problem(409, code, { detail });
}

/** 413: more bytes than the route takes. */
export function bodyTooLarge(): Problem {
  return new Problem(413, 'body_too_large', { detail: 'The body is larger than allowed.' });
}

/** 415: a body that is not application/json. */
export function unsupportedMediaType(): Problem {
  return new Problem(415, 'unsupported_media_type', { detail: 'Send application/json.' });
}

/** 422: the request is readable, but what it says is not acceptable. */
export function unprocessable(
  errors: readonly ProblemItem[],
  code = 'validation_failed',
  detail = 'The request has values that are not acceptable; see errors.',
): Problem {
  return new Problem(422, code, { detail, errors });
}

/** 429: too many requests; `retryAfter` in seconds. */
export function tooManyRequests(retryAfter: number, code = 'rate_limited'): Problem {
  return new Problem(429, code, { detail: 'Too many requests.', retryAfter });
}

/** 500: our fault. Says nothing about the cause. */
export function internalError(cause?: unknown): Problem {
  return new Problem(500, 'internal_error', { detail: 'Something went wrong on our side.', cause });
}

/** 503: events of the same partition are being handled; nothing was changed. */
export function partitionBusy(): Problem {
  return new Problem(503, 'parked_event_busy', {
    detail: 'Events of the same partition are being handled. Please try again.',
    retryAfter: 1,
  });
}

const TIER_DETAIL: Readonly<Record<Tier, string>> = {
  // A write may have happened although its answer did not come.
  oltp: 'The core service cannot be reached at the moment. Please try again, a write with the same Idempotency-Key.',
  content:
    'Message contents cannot be reached at the moment; everything else about them can. Please try again.',
  olap: 'Analytics cannot be reached at the moment. Sending goes on; please try again.',
  queue:
    'The job service cannot be reached at the moment. Accepted e-mails are kept and sent later.',
  notifications: 'Notifications cannot be reached at the moment. They appear when they are back.',
};
const TIER_RETRY_SECONDS = 1;

/** 503 `tier_unavailable`: the tier that owns this is down; with `tier` and Retry-After. */
export function tierDown(tier: Tier, cause?: unknown): Problem {
  return new Problem(503, 'tier_unavailable', {
    detail: TIER_DETAIL[tier],
    tier,
    retryAfter: TIER_RETRY_SECONDS,
    cause,
  });
}
