import {
  type Attributes,
  type BatchObservableResult,
  type Counter,
  type Histogram,
  type Meter,
  type MeterProvider,
  metrics as api,
  type ObservableGauge,
  type ObservableResult,
} from '@opentelemetry/api';
import type { CounterMetric, GaugeMetric, HistogramMetric, Metric } from './telemetry-names.js';

type Instrument = Counter | Histogram | ObservableGauge;

// The API has no proxy for meters: an instrument made before the SDK started stays mute, so
// instruments are kept by the provider that made them.
const byProvider = new WeakMap<MeterProvider, Map<string, Instrument>>();

/** The counter of a declared metric. Cheap: one look-up. */
export function counter(metric: CounterMetric): Counter {
  return instrument(metric, (meter) => meter.createCounter(metric.name, optionsOf(metric)));
}

/** The histogram of a declared metric, with its buckets. */
export function histogram(metric: HistogramMetric): Histogram {
  return instrument(metric, (meter) => meter.createHistogram(metric.name, optionsOf(metric)));
}

/** One reading of a gauge. */
export interface Reading {
  readonly value: number;
  readonly attributes?: Attributes;
}
type Readings = number | readonly Reading[];

/**
 * Reads a gauge whenever metrics are collected. A callback that throws or rejects leaves the gauge
 * without a reading and is reported by the SDK, so that /metrics goes on.
 * @returns stops reading
 */
export function observeGauge(
  metric: GaugeMetric,
  read: () => Readings | Promise<Readings>,
): () => void {
  const gauge = instrument(metric, (meter) =>
    meter.createObservableGauge(metric.name, optionsOf(metric)),
  );
  const observe = async (result: ObservableResult): Promise<void> => {
    const readings = await read();
    if (typeof readings === 'number') return result.observe(readings);
    for (const { value, attributes } of readings) result.observe(value, attributes);
  };
  gauge.addCallback(observe);
  return () => gauge.removeCallback(observe);
}

/**
 * Reads several gauges in one go, for figures that come from one query.
 * @returns stops reading
 */
export function observeGauges<const M extends readonly GaugeMetric[]>(
  gauges: M,
  read: () => Promise<readonly (Reading & { metric: M[number] })[]>,
): () => void {
  const made = new Map(
    gauges.map((metric) => [
      metric.name,
      instrument(metric, (meter) => meter.createObservableGauge(metric.name, optionsOf(metric))),
    ]),
  );
  const observe = async (result: BatchObservableResult): Promise<void> => {
    for (const { metric, value, attributes } of await read())
      result.observe(made.get(metric.name)!, value, attributes);
  };
  const meter = api.getMeter(METER);
  meter.addBatchObservableCallback(observe, [...made.values()]);
  return () => meter.removeBatchObservableCallback(observe, [...made.values()]);
}

const METER = 'penguinmails';

function instrument<I extends Instrument>(metric: Metric, create: (meter: Meter) => I): I {
  const provider = api.getMeterProvider();
  const known = byProvider.get(provider) ?? new Map<string, Instrument>();
  byProvider.set(provider, known);
  const existing = known.get(metric.name) as I | undefined;
  if (existing) return existing;
  const created = create(provider.getMeter(METER));
  known.set(metric.name, created);
  return created;
}

function optionsOf({ unit, description, buckets }: Metric) {
  return {
    unit,
    description,
    ...(buckets && { advice: { explicitBucketBoundaries: [...buckets] } }),
  };
}
