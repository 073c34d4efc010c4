import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';
import { type AdminServer, startAdminServer } from './admin-server.js';
import {
  applyTelemetryDefaults,
  processEnvironment,
  readTelemetryConfig,
} from './telemetry.config.js';

type SpanProcessor = NonNullable<NodeSDKConfiguration['spanProcessors']>[number];

export interface Telemetry {
  /** The port of /metrics, /livez, /readyz. */
  readonly adminPort: number;
  /** Sends what is left (within 5 s) and closes the admin port. Safe to call twice. */
  shutdown(): Promise<void>;
}

let running: Telemetry | undefined;

/**
 * Starts OpenTelemetry from the OTEL_* variables and the admin server on `<APP>_METRICS_PORT`. Called
 * by instrumentation.ts, which is preloaded with `node --import`, before anything else is loaded.
 *
 * Defaults: traces go nowhere unless an OTLP endpoint or OTEL_TRACES_EXPORTER is set (spans still give
 * ids to logs), sampler parentbased_traceidratio 0.1, metrics in Prometheus format on the admin port.
 * @throws ConfigError without a metrics port
 */
export async function startTelemetry({ service }: { service: string }): Promise<Telemetry> {
  applyTelemetryDefaults();
  const config = readTelemetryConfig(service, processEnvironment());
  const prometheus = config.servesMetrics ? createPrometheus() : undefined;
  const sdk = new NodeSDK({
    serviceName: service,
    ...(prometheus && { metricReaders: [prometheus] }),
    ...(!config.exportsTraces && { spanProcessors: [idsOnly] }),
  });
  sdk.start();
  const serve = prometheus?.getMetricsRequestHandler.bind(prometheus);
  running = telemetryOf(sdk, await startAdminServer(config.admin, serve));
  return running;
}

/** Flushes and stops what {@link startTelemetry} started; nothing to do when it did not run. */
export async function stopTelemetry(): Promise<void> {
  await running?.shutdown();
}

function createPrometheus(): PrometheusExporter {
  return new PrometheusExporter({ preventServerStart: true, withoutScopeInfo: true });
}

// With no processor at all the SDK installs no tracer, and logs would have no trace ids.
const idsOnly: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: () => Promise.resolve(),
  shutdown: () => Promise.resolve(),
};

const FLUSH_MS = 5000;

function telemetryOf(sdk: NodeSDK, admin: AdminServer): Telemetry {
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await Promise.race([sdk.shutdown(), later(FLUSH_MS)]);
    await admin.close();
  };
  return { adminPort: admin.port, shutdown: () => (stopped ??= stop()) };
}

function later(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
