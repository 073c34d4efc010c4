import { readFileSync } from 'node:fs';
import { readEndToEndConfig } from '../../src/e2e.config.js';

/** One span as an app exported it. */
export interface Span {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<Span, 'attributes' | 'service'> & {
        readonly attributes: readonly KeyValue[];
      })[];
    }[];
  }[];
}

/** Everything that all apps have exported so far. @throws Error when spans are not collected */
export function readSpanText(): string {
  const { spansFile } = readEndToEndConfig();
  if (spansFile === undefined)
    throw new Error('SPANS_FILE is not set: run this by `npm test -- e2e`');
  return readFileSync(spansFile, 'utf8');
}

export function readSpans(): Span[] {
  const lines = readSpanText().split('\n').filter(Boolean);
  return lines.flatMap((line) => spansOf(JSON.parse(line) as ExportRequest));
}

function spansOf({ resourceSpans }: ExportRequest): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(valuesOf(resource.attributes)['service.name']);
    const spans = scopeSpans.flatMap((scope) => scope.spans);
    return spans.map((span) => ({ ...span, service, attributes: valuesOf(span.attributes) }));
  });
}

function valuesOf(pairs: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]));
}
