import {
  type Context,
  contextOf,
  extractTrace,
  histogram,
  inContext,
  metrics,
  rootContext,
  type Span,
  SpanKind,
  spans,
  startSpan,
} from '@penguinmails/observability';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { PlatformRequest } from '../access/platform-request.js';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** What nginx calls a client that left before its answer. */
const CLIENT_CLOSED = 499;

/**
 * A server span and a duration for every request, named by its route's template. Everything after the
 * hook runs inside the span. On a public port a caller's traceparent is not taken over.
 */
export function useRequestTelemetry(instance: FastifyInstance, trustCallers: boolean): void {
  instance.decorateRequest('spanContext', null);
  instance.decorateRequest('arrivedAt', 0);
  instance.addHook('onRequest', (incoming, reply, done) => {
    const request = incoming as PlatformRequest;
    request.arrivedAt = performance.now();
    const parent = trustCallers ? extractTrace(request.headers) : rootContext();
    const labels = labelsOf(request);
    const span = openSpan(labels, request.id, parent);
    request.spanContext = contextOf(span, parent);
    whenOver(reply, () => record(request, reply, labels, span));
    inContext(request.spanContext, done);
  });
}

type Labels = ReturnType<typeof labelsOf>;

function openSpan(labels: Labels, requestId: string, parent: Context): Span {
  const title = `${labels['http.request.method']} ${labels['http.route']}`;
  const attributes = { ...labels, 'penguinmails.request_id': requestId };
  return startSpan(spans.httpServer, { kind: SpanKind.SERVER, parent, title, attributes });
}

function labelsOf({ method, routeOptions }: PlatformRequest) {
  return {
    'http.request.method': METHODS.has(method) ? method : '_OTHER',
    'http.route': templateOf(routeOptions?.url),
  };
}

/** The route as callers see it: a doubled colon is Fastify's way to write one. */
export function templateOf(url: string | undefined): string {
  return url?.replaceAll('::', ':') ?? 'unmatched';
}

/** Once, whether the answer was finished or the client left. */
function whenOver({ raw }: FastifyReply, act: () => void): void {
  const once = (): void => {
    raw.off('finish', once);
    raw.off('close', once);
    act();
  };
  raw.on('finish', once);
  raw.on('close', once);
}

function record(request: PlatformRequest, reply: FastifyReply, labels: Labels, span: Span): void {
  const status = reply.raw.writableFinished ? reply.raw.statusCode : CLIENT_CLOSED;
  const seconds = (performance.now() - request.arrivedAt) / 1000;
  const measured = { ...labels, 'http.response.status_code': status };
  histogram(metrics.httpServerDuration).record(seconds, measured);
  span.setAttribute('http.response.status_code', status);
  if (status >= 500) span.setAttribute('error.type', String(status));
  span.end();
}
