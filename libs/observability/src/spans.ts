import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { SEAM, type SpanName } from './telemetry-names.js';

/** How a span is opened. */
export interface SpanOptions {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** Other traces this work belongs to, such as the events of a slice: {@link linkTo}. */
  readonly links?: Link[];
  /** Default: the active context. */
  readonly parent?: Context;
  /** Shown instead of the seam's name, such as `POST /v1/emails`; the seam stays as an attribute. */
  readonly title?: string;
}

const TRACER = 'penguinmails';

/** Opens a span that the caller ends. Prefer {@link withSpan}. */
export function startSpan(name: SpanName, options: SpanOptions = {}): Span {
  const { kind, attributes, links, parent = context.active(), title } = options;
  return trace
    .getTracer(TRACER)
    .startSpan(title ?? name, { kind, links, attributes: { [SEAM]: name, ...attributes } }, parent);
}

/**
 * Runs `fn` inside a span and ends it. An error is recorded by its class and code only (its message
 * may hold personal data) and thrown on.
 */
export async function withSpan<T>(
  name: SpanName,
  options: SpanOptions,
  fn: (span: Span) => T | Promise<T>,
): Promise<T> {
  const span = startSpan(name, options);
  try {
    return await inContext(contextOf(span, options.parent), () => fn(span));
  } catch (error) {
    recordFailure(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** A context in which `span` is the active span. */
export function contextOf(span: Span, parent: Context = context.active()): Context {
  return trace.setSpan(parent, span);
}

/** Runs `fn` inside a context; what it starts asynchronously stays inside. */
export function inContext<T>(inside: Context, fn: () => T): T {
  return context.with(inside, fn);
}

/** The context of the code that is running: what {@link inContext} brings back later. */
export function currentContext(): Context {
  return context.active();
}

/** A context without a parent, for work that must not join its caller's trace. */
export function rootContext(): Context {
  return ROOT_CONTEXT;
}

/** Marks a span as failed with the error's `code` or class name. */
export function recordFailure(span: Span, error: unknown): void {
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

function errorType(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** Headers that carry the active trace to another process: `traceparent` and maybe `tracestate`. */
export function injectTrace(from: Context = context.active()): Record<string, string> {
  const headers: Record<string, string> = {};
  propagation.inject(from, headers);
  return headers;
}

type Headers = Readonly<Record<string, string | Buffer | readonly (string | Buffer)[] | undefined>>;

/** Version 0 of `traceparent` (W3C Trace Context section 3.2.2): ids that are not all zeros, flags. */
const TRACEPARENT = /^00-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})$/;

/**
 * What a plain `traceparent` alone says. Batches hold hundreds of them, and the propagator takes several
 * times as long; what is not plain is left to it.
 */
function plainTrace({ traceparent, tracestate }: Headers): SpanContext | undefined {
  if (typeof traceparent !== 'string' || tracestate !== undefined) return undefined;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(traceparent) ?? [];
  if (!traceId) return undefined;
  return { traceId, spanId, traceFlags: parseInt(flags, 16), isRemote: true };
}

/** The context of headers made by {@link injectTrace}; without any, a context without a parent. */
export function extractTrace(headers: Headers): Context {
  const plain = plainTrace(headers);
  if (plain) return trace.setSpanContext(context.active(), plain);
  return propagation.extract(context.active(), headers, {
    keys: (carrier) => Object.keys(carrier),
    get: (carrier, key) => {
      const value = carrier[key];
      return (Array.isArray(value) ? value[0] : value)?.toString();
    },
  });
}

/** A link to the trace of headers made by {@link injectTrace}; undefined when they carry none. */
export function linkTo(headers: Headers): Link | undefined {
  const spanContext = plainTrace(headers) ?? trace.getSpanContext(extractTrace(headers));
  return spanContext && { context: spanContext };
}

export { type Context, type Link, type Span, SpanKind } from '@opentelemetry/api';
