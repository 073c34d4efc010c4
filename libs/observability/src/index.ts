export { metrics, SEAM, type SpanName, spans } from './telemetry-names.js';
export type { CounterMetric, GaugeMetric, HistogramMetric, Metric } from './telemetry-names.js';
export { counter, histogram, observeGauge, observeGauges, type Reading } from './instruments.js';
export {
  type Context,
  contextOf,
  currentContext,
  extractTrace,
  inContext,
  injectTrace,
  type Link,
  linkTo,
  recordFailure,
  rootContext,
  type Span,
  SpanKind,
  type SpanOptions,
  startSpan,
  withSpan,
} from './spans.js';
export {
  type Lifecycle,
  type ReadinessCheck,
  registerDetail,
  registerReadiness,
  reportReadiness,
  setLifecycle,
} from './health.js';
export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { NestLogger } from './nest-logger.js';
export { startTelemetry, stopTelemetry, type Telemetry } from './start-telemetry.js';
