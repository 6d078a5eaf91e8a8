import type { Family, HistogramValue, Labels, Series } from '@inferometer/core';
import { atScale, maxScale } from '@inferometer/core';
import { sanitizeLabelName } from './labels.ts';

/** The part of sdk-metrics' `ResourceMetrics` that we read: plain data, also after a structured clone. */
export interface ResourceMetricsLike {
  readonly resource: { readonly attributes: Readonly<Record<string, unknown>> };
  readonly scopeMetrics: readonly ScopeMetricsLike[];
}

interface ScopeMetricsLike {
  readonly scope: { readonly name: string; readonly version?: string; readonly schemaUrl?: string };
  readonly metrics: readonly MetricLike[];
}

interface MetricLike {
  readonly descriptor: { readonly name: string; readonly description: string; readonly unit: string };
  /** One of `pointType`. */
  readonly dataPointType: number;
  /** Of sums. */
  readonly isMonotonic?: boolean;
  readonly dataPoints: readonly PointLike[];
}

interface PointLike {
  readonly startTime: readonly [seconds: number, nanos: number];
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: number | HistogramLike | ExponentialHistogramLike;
}

interface HistogramLike {
  readonly buckets: { readonly boundaries: readonly number[]; readonly counts: readonly number[] };
  readonly sum?: number;
  readonly count: number;
}

interface ExponentialHistogramLike {
  readonly count: number;
  readonly sum?: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: { readonly offset: number; readonly bucketCounts: readonly number[] };
  readonly negative: { readonly offset: number; readonly bucketCounts: readonly number[] };
}

/** sdk-metrics' `DataPointType`, whose values a clone has without the enum. */
const pointType = { histogram: 0, exponentialHistogram: 1, sum: 3 } as const;

/** A name that instruments of different types would share. */
export interface InstrumentConflict {
  readonly name: string;
  readonly types: readonly [Family['type'], Family['type']];
}

export interface FromOtelOptions {
  /** Called for each name that is left out because of its types. @default nobody is told */
  readonly onConflict?: (conflict: InstrumentConflict) => void;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Draft = Mutable<Omit<Family, 'series'>> & { series: Series[] };

/**
 * The families that exporter-prometheus 0.301 prints for the same data, under the same names and labels:
 * `target_info` first, `_total` for monotonic sums, `otel_scope_…` labels, and no family where instruments disagree
 * about the type. Beyond it, exponential histograms become native ones; label names that begin with a digit get a
 * `_`, and attributes that end up under one label name share it, joined by `;` as the specification says.
 */
export function familiesFromOtel(data: ResourceMetricsLike, options: FromOtelOptions = {}): Family[] {
  const families = new Map<string, Draft | undefined>();
  families.set('target_info', {
    name: 'target_info',
    help: 'Target metadata',
    type: 'gauge',
    series: [{ labels: toLabels(data.resource.attributes), value: 1 }],
  });
  for (const { scope, metrics } of data.scopeMetrics) {
    const scopeLabels: [string, string][] = [['otel_scope_name', scope.name]];
    if (scope.schemaUrl) scopeLabels.push(['otel_scope_schema_url', scope.schemaUrl]);
    if (scope.version) scopeLabels.push(['otel_scope_version', scope.version]);
    for (const metric of metrics) {
      const type = typeOf(metric);
      const name = prometheusName(metric, type);
      if (name === undefined) continue;
      if (!families.has(name)) families.set(name, newFamily(metric, name, type));
      const family = families.get(name);
      if (family === undefined) continue;
      if (family.type !== type) {
        options.onConflict?.({ name, types: [family.type, type] });
        families.set(name, undefined);
        continue;
      }
      const { description, unit } = metric.descriptor;
      if (family.help === '') family.help = description;
      if (family.unit === undefined && unit !== '') family.unit = unit;
      for (const point of metric.dataPoints) family.series.push(toSeries(point, metric, scopeLabels));
    }
  }
  return [...families.values()]
    .filter((family) => family !== undefined)
    .map((family) => (family.help === '' ? { ...family, help: 'description missing' } : family));
}

function newFamily(metric: MetricLike, name: string, type: Family['type']): Draft {
  const { name: otlpName, description, unit } = metric.descriptor;
  const isSum = metric.dataPointType === pointType.sum && type === 'gauge';
  return {
    name,
    help: description,
    ...(unit === '' ? {} : { unit }),
    type,
    otlpName,
    ...(isSum ? { isSum } : {}),
    series: [],
  };
}

function typeOf({ dataPointType, isMonotonic }: MetricLike): Family['type'] {
  if (dataPointType === pointType.histogram || dataPointType === pointType.exponentialHistogram) {
    return 'histogram';
  }
  return dataPointType === pointType.sum && isMonotonic ? 'counter' : 'gauge';
}

/** Undefined where nothing of a name is left, as in the serializer. */
function prometheusName({ descriptor }: MetricLike, type: Family['type']): string | undefined {
  let name = sanitize(descriptor.name);
  if (name === '' || name === '_') return undefined;
  if (/^[0-9]/.test(name)) name = `_${name}`;
  return type === 'counter' && !name.endsWith('_total') ? `${name}_total` : name;
}

function sanitize(name: string): string {
  return name.replace(/[^a-z0-9_]/gi, '_').replace(/_{2,}/g, '_');
}

function toSeries(point: PointLike, metric: MetricLike, scopeLabels: Labels): Series {
  const { attributes, startTime } = point;
  const common = {
    labels: [...toLabels(attributes), ...scopeLabels],
    attributes,
    createdMs: startTime[0] * 1e3 + startTime[1] / 1e6,
  };
  if (metric.dataPointType === pointType.histogram) {
    return { ...common, histogram: toHistogram(point.value as HistogramLike) };
  }
  if (metric.dataPointType === pointType.exponentialHistogram) {
    return { ...common, histogram: toNative(point.value as ExponentialHistogramLike) };
  }
  return { ...common, value: point.value as number };
}

function toLabels(attributes: Readonly<Record<string, unknown>>): [string, string][] {
  const values = new Map<string, [key: string, text: string][]>();
  for (const [key, value] of Object.entries(attributes)) {
    const name = sanitizeLabelName(sanitize(key));
    const text = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
    const same = values.get(name);
    if (same) same.push([key, text]);
    else values.set(name, [[key, text]]);
  }
  return [...values].map(([name, pairs]) => {
    if (pairs.length > 1) pairs.sort(([a], [b]) => (a < b ? -1 : 1));
    return [name, pairs.map(([, text]) => text).join(';')];
  });
}

function toHistogram({ buckets, count, sum }: HistogramLike): HistogramValue {
  // The aggregator gives +Inf as a boundary in some cases, and in others not.
  const bounds = buckets.boundaries.filter((bound) => bound !== Number.POSITIVE_INFINITY);
  return { count, ...sumOf(sum), classic: { bounds, counts: buckets.counts.slice(0, bounds.length + 1) } };
}

function toNative(value: ExponentialHistogramLike): HistogramValue {
  const { count, sum, scale, zeroCount, positive, negative } = value;
  const native = {
    scale,
    zeroThreshold: 0,
    zeroCount,
    positive: { offset: positive.offset, counts: positive.bucketCounts },
    negative: { offset: negative.offset, counts: negative.bucketCounts },
  };
  return { count, ...sumOf(sum), native: atScale(native, Math.min(scale, maxScale)) };
}

function sumOf(sum: number | undefined): { sum: number; hasSum?: boolean } {
  return sum === undefined ? { sum: 0, hasSum: false } : { sum };
}
