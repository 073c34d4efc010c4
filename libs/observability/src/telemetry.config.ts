import { defineConfig, metricsVariables, oneOf, text } from '@penguinmails/config';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** `LOG_LEVEL` of this process, default info. */
export function readLogLevel(env: NodeJS.ProcessEnv = process.env): string {
  return defineConfig({ level: oneOf('LOG_LEVEL', LEVELS).default('info') }, env).level;
}

/** What {@link readTelemetryConfig} gives. */
export interface TelemetryConfig {
  readonly admin: { readonly host: string; readonly port: number };
  /** False: no exporter is configured, spans only give ids to logs. */
  readonly exportsTraces: boolean;
  /** True: /metrics is served here. False: OTEL_METRICS_EXPORTER names another way. */
  readonly servesMetrics: boolean;
}

/** Where the admin server listens and which signals leave the process. `app` such as `oltp`. */
export function readTelemetryConfig(app: string, env: NodeJS.ProcessEnv): TelemetryConfig {
  const config = defineConfig(
    {
      admin: metricsVariables(app.toUpperCase()),
      endpoint: text('OTEL_EXPORTER_OTLP_ENDPOINT').optional(),
      tracesEndpoint: text('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT').optional(),
      tracesExporter: text('OTEL_TRACES_EXPORTER').optional(),
      metricsExporter: text('OTEL_METRICS_EXPORTER').default('prometheus'),
    },
    env,
  );
  const exporter = config.tracesExporter ?? defaultExporter(config);
  return {
    admin: config.admin,
    exportsTraces: exporter !== 'none',
    servesMetrics: config.metricsExporter === 'prometheus',
  };
}

function defaultExporter(config: { endpoint?: string; tracesEndpoint?: string }): string {
  return config.endpoint || config.tracesEndpoint ? 'otlp' : 'none';
}

/**
 * Our defaults where the environment says nothing; the SDK reads the same variables itself. Baggage is
 * left out of the propagators: nothing a caller sends may travel through the tiers unread.
 */
export function applyTelemetryDefaults(env: NodeJS.ProcessEnv = process.env): void {
  env.OTEL_TRACES_SAMPLER ||= 'parentbased_traceidratio';
  env.OTEL_TRACES_SAMPLER_ARG ||= '0.1';
  env.OTEL_PROPAGATORS ||= 'tracecontext';
  env.OTEL_LOGS_EXPORTER ||= 'none';
  env.OTEL_NODE_RESOURCE_DETECTORS ||= 'env,host,serviceinstance';
  env.OTEL_BSP_MAX_QUEUE_SIZE ||= '4096';
}

/** The environment of this process, for the functions above. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}
