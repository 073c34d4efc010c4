import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from '../access/authenticator.js';
import type { PlatformRequest } from '../access/platform-request.js';
import { assertAccess } from '../access/route-access.js';
import type { RouteSettings } from '../access/route-settings.js';
import { methodNotAllowed, routeNotFound } from '../problem/problem-of-status.js';
import { badRequest } from '../problem/problems.js';
import { SAFE_HEADERS } from './safe-headers.js';

const settingsOf = (request: FastifyRequest): RouteSettings =>
  (request.routeOptions.config ?? {}) as RouteSettings;

/** Headers of every answer, and TRACE refused: before anything else is looked at. */
export function useSafeHeaders(instance: FastifyInstance): void {
  instance.addHook('onRequest', (request, reply, done) => {
    reply.headers(SAFE_HEADERS).header('x-request-id', request.id);
    done(request.method === 'TRACE' ? methodNotAllowed() : undefined);
  });
  keepOpenAfterTooLarge(instance);
}

/**
 * Fastify closes the connection on a body that is too large, which resets it under a client that is
 * still sending: the client then never sees the 413. Left open, Node reads the rest and drops it.
 */
function keepOpenAfterTooLarge(instance: FastifyInstance): void {
  instance.addHook('onSend', (_request, reply, payload, done) => {
    if (reply.statusCode === 413) reply.removeHeader('connection');
    done(null, payload);
  });
}

/** Body limits of single routes: `@BodyLimit` reaches Fastify here. */
export function useRouteLimits(instance: FastifyInstance): void {
  instance.addHook('onRoute', (route) => {
    const { bodyLimit } = (route.config ?? {}) as RouteSettings;
    if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
  });
}

/**
 * Authenticates and authorises before the body is read. A route that was registered past our
 * decorators (a documentation page) exists only when `openPaths` names it.
 */
export function useAccess(
  instance: FastifyInstance,
  authenticator: () => Authenticator | undefined,
  openPaths: readonly string[],
): void {
  instance.decorateRequest('caller', null);
  instance.decorateRequest('budget', null);
  instance.addHook('onRequest', async (incoming) => {
    if (incoming.is404) return;
    const request = incoming as PlatformRequest;
    const access = settingsOf(request).access?.[0];
    if (!access) return assertOpen(request, openPaths);
    if (access.kind === 'public') return;
    const known = authenticator();
    if (!known) throw new Error('a route needs a caller, but the application has no authenticator');
    request.caller = await known.authenticate(request, access);
    assertAccess(access, request.caller);
  });
}

function assertOpen({ routeOptions }: FastifyRequest, openPaths: readonly string[]): void {
  const url = routeOptions.url ?? '';
  const isOpen = openPaths.some((path) => url === path || url.startsWith(`${path}/`));
  if (!isOpen) throw routeNotFound();
}

/** Query parameters that the route does not read: 400 `unknown_parameter`. */
export function useQueryRefusal(instance: FastifyInstance): void {
  instance.addHook('onRequest', (request, _reply, done) => {
    const { queryNames } = settingsOf(request);
    const unknown = Object.keys(request.query as object).filter(
      (name) => queryNames && !queryNames.includes(name),
    );
    done(unknown.length > 0 ? unknownParameters(unknown) : undefined);
  });
}

const MAX_NAMED = 10;
const MAX_NAME = 64;

function unknownParameters(names: readonly string[]): Error {
  const items = names.slice(0, MAX_NAMED).map((name) => ({
    parameter: name.slice(0, MAX_NAME),
    code: 'unknown_parameter',
    detail: 'There is no such parameter.',
  }));
  const detail = 'The query has a parameter that this route lacks.';
  return badRequest('unknown_parameter', detail, items);
}
