import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { NodeSDK, type NodeSDKConfiguration } from '@opentelemetry/sdk-node';

type Span = Parameters<NonNullable<NodeSDKConfiguration['spanProcessors']>[number]['onEnd']>[0];

type Collected = Awaited<ReturnType<PrometheusExporter['collect']>>['resourceMetrics'];

/** One figure of a metric: its labels, and its value or, for a histogram, its distribution. */
export type RecordedPoint =
  Collected['scopeMetrics'][number]['metrics'][number]['dataPoints'][number];

/** Keeps what the code under test tells about itself. To be started before that code. */
export class RecordedTelemetry {
  /** Those that have ended, in the order of their ends. */
  readonly spans: Span[] = [];
  readonly #reader = new PrometheusExporter({ preventServerStart: true });
  readonly #sdk = new NodeSDK({
    autoDetectResources: false,
    instrumentations: [],
    metricReaders: [this.#reader],
    logRecordProcessors: [],
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => void this.spans.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  });

  start(): void {
    this.#sdk.start();
  }

  stop(): Promise<void> {
    return this.#sdk.shutdown();
  }

  /**
   * What a metric shows now; gauges are asked.
   * @throws AggregateError when one of them failed
   */
  async pointsOf({ name }: { readonly name: string }): Promise<readonly RecordedPoint[]> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw new AggregateError(errors, 'metrics were not read');
    const all = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
    return all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
  }
}
