import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';

interface ReceivedSpan {
  readonly service: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: { key: string; value: { stringValue?: string } }[];
  readonly status: { code?: number };
  readonly links?: { traceId: string }[];
}
type Attributes = ReceivedSpan['attributes'];
interface TraceRequest {
  readonly resourceSpans: {
    resource: { attributes: Attributes };
    scopeSpans: { spans: Omit<ReceivedSpan, 'service'>[] }[];
  }[];
}

const valueOf = (attributes: Attributes, key: string) =>
  attributes.find((attribute) => attribute.key === key)?.value.stringValue;

/** A collector that speaks OTLP/JSON and keeps the spans it gets. */
const receive = async () => {
  const spans: ReceivedSpan[] = [];
  const server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as TraceRequest;
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = valueOf(resource.attributes, 'service.name') ?? '';
      scopeSpans.forEach((scope) =>
        spans.push(...scope.spans.map((span) => ({ ...span, service }))),
      );
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { spans, server, port: (server.address() as AddressInfo).port };
};

/** Runs both fixtures (built library) and gives the lines they printed. */
const runBoth = async (env: Record<string, string>) => {
  const ports = { FIRST_METRICS_PORT: '0', SECOND_METRICS_PORT: '0' };
  const first = join(import.meta.dirname, '../fixtures/first.mjs');
  const child = spawn(process.execPath, [first], {
    env: { PATH: process.env.PATH, ...ports, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const printed = await text(child.stdout);
  const lines = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { inside: lines[0], page: lines[1].metrics as string };
};

describe('telemetry of two processes', () => {
  it('is one trace at a collector, with ids in logs and metrics on the admin port', async () => {
    const { spans, server, port } = await receive();
    const { inside, page } = await runBoth({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'always_on',
    });
    server.close();

    const [http, slice, transaction, relay] = [
      'POST /v1/emails',
      'consumer.slice',
      'db.transaction',
      'outbox.relay',
    ].map((name) => spans.find((span) => span.name === name)!);
    expect([http.service, slice.service]).toEqual(['first', 'second']);
    expect(http.parentSpanId ?? '').toBe('');
    expect(slice).toMatchObject({ traceId: http.traceId, parentSpanId: http.spanId });
    expect(transaction).toMatchObject({ traceId: http.traceId, parentSpanId: slice.spanId });
    expect(relay.traceId).not.toBe(http.traceId);
    expect(relay.links).toMatchObject([{ traceId: http.traceId }]);

    expect(valueOf(http.attributes, 'penguinmails.seam')).toBe('http.server');
    expect(transaction.status.code).toBe(2);
    expect(valueOf(transaction.attributes, 'error.type')).toBe('40001');
    expect(JSON.stringify(spans)).not.toContain('someone@example.test');

    expect(inside).toMatchObject({ trace_id: http.traceId, span_id: http.spanId });
    expect(page).toMatch(/penguinmails_smtp_outcomes\w*\{outcome="delivered"\} 3/);
    expect(page).toMatch(/penguinmails_outbox_depth\w* 7/);
  });

  it('still gives ids to logs when nothing is exported', async () => {
    const { inside } = await runBoth({});
    expect(inside.trace_id).toMatch(/^[0-9a-f]{32}$/);
    expect(inside.traceparent).toContain(inside.trace_id);
  });
});
