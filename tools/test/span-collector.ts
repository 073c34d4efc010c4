import { once } from 'node:events';
import { appendFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A receiver of spans, and the environment that makes the apps send all of theirs to it. */
export interface SpanCollector {
  environment: Record<string, string>;
  stop(): void;
}

/** Takes OTLP over HTTP as JSON and writes it to a file, one export request a line. */
export async function collectSpans(file: string): Promise<SpanCollector> {
  writeFileSync(file, '');
  const server = createServer((request, response) => {
    append(file, request).then(
      () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
      // An app that is killed in a test may be cut off in the middle of its report.
      () => request.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_TRACES_SAMPLER: 'always_on',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function append(file: string, request: IncomingMessage): Promise<void> {
  const body = await text(request);
  if (request.url === '/v1/traces') appendFileSync(file, `${body.replaceAll('\n', '')}\n`);
}
