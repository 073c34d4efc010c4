import { context, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';
import {
  type Context,
  extractTrace,
  injectTrace,
  type Link,
  linkTo,
  type Span,
  type SpanKind,
  type SpanName,
  startSpan,
  withSpan,
} from '@penguinmails/observability';

/** Spans with more links are cut by exporters. */
const MAX_LINKS = 128;

/** A parent that no sampler follows. */
const UNSAMPLED = trace.setSpanContext(ROOT_CONTEXT, {
  traceId: '1'.padStart(32, '0'),
  spanId: '1'.padStart(16, '0'),
  traceFlags: TraceFlags.NONE,
});

/** Runs polling work without spans of its own: one trace per look would bury the others. */
export function untraced<T>(work: () => Promise<T>): Promise<T> {
  return context.with(UNSAMPLED, work);
}

type TraceHeaders = Readonly<Record<string, string>>;

export interface BatchSpanOptions {
  kind: SpanKind;
  attributes: Record<string, string | number>;
  /** Headers of the batch's records. */
  headers: readonly TraceHeaders[];
}

/** Trace headers that something caused by a record with these headers should carry. */
export type TraceOf = (headers: TraceHeaders) => TraceHeaders;

/**
 * One span over a batch whose records may come from different requests, so that the way of each
 * e-mail stays one trace:
 * - all records of one trace (the usual case at low load): the span belongs to that trace;
 * - else it stands alone with links, and each sampled trace gets a span of the same name and length
 *   in it, which links back and tells how many of the records are its own.
 */
export async function withBatchSpan<T>(
  name: SpanName,
  options: BatchSpanOptions,
  work: (traceOf: TraceOf) => Promise<T>,
): Promise<T> {
  const traces = distinctTraces(options.headers);
  const { kind, attributes } = options;
  const only = traces.size === 1 ? [...traces.values()][0] : undefined;
  const parent = only ? extractTrace(only.headers) : ROOT_CONTEXT;
  const links = [...traces.values()].map(({ link }) => link).slice(0, MAX_LINKS);
  return withSpan(name, { kind, attributes, links, parent }, async (span) => {
    const joined = only ? [] : joinTraces(name, kind, span, [...traces.values()]);
    const contexts = new Map(joined.map(({ traceId, context }) => [traceId, context]));
    try {
      return await work(only ? () => injectTrace() : (headers) => traceIn(contexts, headers));
    } finally {
      for (const { span: own } of joined) own.end();
    }
  });
}

interface KnownTrace {
  link: Link;
  /** Of its first record. */
  headers: TraceHeaders;
  records: number;
}

function distinctTraces(headers: readonly TraceHeaders[]): Map<string, KnownTrace> {
  const traces = new Map<string, KnownTrace>();
  for (const of of headers) {
    const link = linkTo(of);
    if (!link) continue;
    const known = traces.get(link.context.traceId);
    if (known) known.records += 1;
    else traces.set(link.context.traceId, { link, headers: of, records: 1 });
  }
  return traces;
}

function joinTraces(name: SpanName, kind: SpanKind, batch: Span, traces: KnownTrace[]) {
  const links = [{ context: batch.spanContext() }];
  return traces
    .filter(({ link }) => (link.context.traceFlags & TraceFlags.SAMPLED) !== 0)
    .slice(0, MAX_LINKS)
    .map(({ link, headers, records }) => {
      const parent = extractTrace(headers);
      const attributes = { 'messaging.batch.message_count': records };
      const span = startSpan(name, { kind, links, parent, attributes });
      return { traceId: link.context.traceId, span, context: trace.setSpan(parent, span) };
    });
}

/** Inside the trace's own span if it has one, else as the record said. */
function traceIn(contexts: ReadonlyMap<string, Context>, headers: TraceHeaders): TraceHeaders {
  const traceId = linkTo(headers)?.context.traceId;
  const own = traceId === undefined ? undefined : contexts.get(traceId);
  return own ? injectTrace(own) : traceHeaders(headers);
}

function traceHeaders({ traceparent, tracestate }: TraceHeaders): TraceHeaders {
  return { ...(traceparent && { traceparent }), ...(tracestate && { tracestate }) };
}
