import type { Exemplar, Family, NativeValue, Series, SummaryValue } from '@inferometer/core';
import { classicBuckets } from './histogram-buckets.ts';
import { uniqueLabels } from './labels.ts';
import { nativeCount } from './native-histogram.ts';
import { otlpNameOf } from './otlp-name.ts';

/** OTLP's `AggregationTemporality`. */
export const temporalityNumber = { delta: 1, cumulative: 2 } as const;
export type Temporality = keyof typeof temporalityNumber;

/** One scope of a push, as both encodings write it. */
export interface OtlpScope {
  readonly name: string;
  readonly version: string;
  readonly schemaUrl: string;
  readonly metrics: OtlpMetric[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
  /** Undefined for gauges and summaries. */
  readonly temporality: Temporality | undefined;
  /** Of sums. */
  readonly isMonotonic: boolean;
  readonly points: OtlpPoint[];
}

export interface OtlpPoint {
  readonly attributes: readonly (readonly [key: string, value: unknown])[];
  /** Undefined if unknown. */
  readonly startMs: number | undefined;
  readonly exemplars: readonly Exemplar[];
  readonly value: number | ExplicitPoint | ExponentialPoint | SummaryValue;
}

export interface ExplicitPoint {
  readonly count: number;
  readonly sum: number | undefined;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

export interface ExponentialPoint {
  readonly count: number;
  readonly sum: number | undefined;
  readonly native: NativeValue;
}

export interface OtlpModelOptions {
  readonly histograms: 'explicit' | 'exponential';
  /** What the families' counters and histograms are. */
  readonly temporality: Temporality;
}

/** Labels that name the scope of a series, which OTLP has apart from the attributes. */
const scopeLabel = {
  name: 'otel_scope_name',
  version: 'otel_scope_version',
  schemaUrl: 'otel_scope_schema_url',
} as const;
const scopeLabelNames: ReadonlySet<string> = new Set(Object.values(scopeLabel));

/** The families by scope. `target_info` is left out: a push has the resource itself. */
export function toOtlpScopes(families: readonly Family[], options: OtlpModelOptions): OtlpScope[] {
  const scopes = new Map<string, OtlpScope>();
  for (const family of families) {
    if (family.name === 'target_info') continue;
    const { name, unit } = otlpNameOf(family);
    const kind = kindOf(family, options.histograms);
    const metrics = new Map<OtlpScope, OtlpMetric>();
    for (const series of family.series) {
      const point = toPoint(series, kind);
      if (point === undefined) continue;
      const scope = scopeOf(series, scopes);
      let metric = metrics.get(scope);
      if (metric === undefined) {
        metric = {
          name,
          description: family.help,
          unit,
          kind,
          temporality: temporalityOf(family, kind, options.temporality),
          isMonotonic: family.type === 'counter',
          points: [],
        };
        metrics.set(scope, metric);
        scope.metrics.push(metric);
      }
      metric.points.push(point);
    }
  }
  return [...scopes.values()];
}

function kindOf({ type, isSum, series }: Family, histograms: 'explicit' | 'exponential'): OtlpMetric['kind'] {
  if (type === 'counter') return 'sum';
  if (type === 'gauge') return isSum ? 'sum' : 'gauge';
  if (type === 'untyped') return 'gauge';
  if (type === 'summary') return 'summary';
  // A metric has one kind: explicit unless all series have native buckets, and these are wanted or all there is.
  const isNative = series.every(({ histogram }) => histogram?.native !== undefined);
  const isWanted = histograms === 'exponential' || series.every(({ histogram }) => !histogram?.classic);
  return isNative && isWanted ? 'exponentialHistogram' : 'histogram';
}

function temporalityOf(
  { type }: Family,
  kind: OtlpMetric['kind'],
  temporality: Temporality,
): Temporality | undefined {
  if (kind === 'gauge' || kind === 'summary') return undefined;
  // What may fall has no differences to send: it stays cumulative under a preference for deltas.
  return type === 'gauge' ? 'cumulative' : temporality;
}

function scopeOf({ labels }: Series, scopes: Map<string, OtlpScope>): OtlpScope {
  const labelOf = (label: string): string => labels.find(([name]) => name === label)?.[1] ?? '';
  const name = labelOf(scopeLabel.name);
  const version = labelOf(scopeLabel.version);
  const schemaUrl = labelOf(scopeLabel.schemaUrl);
  const key = `${name}\n${version}\n${schemaUrl}`;
  let scope = scopes.get(key);
  if (scope === undefined) {
    scope = { name, version, schemaUrl, metrics: [] };
    scopes.set(key, scope);
  }
  return scope;
}

function toPoint(series: Series, kind: OtlpMetric['kind']): OtlpPoint | undefined {
  const { histogram, summary, value, exemplar, createdMs } = series;
  const common = { attributes: attributesOf(series), startMs: createdMs };
  if (histogram) {
    const sum = histogram.hasSum === false ? undefined : histogram.sum;
    const exemplars = inOrder(histogram.exemplars ?? []).map(otlpExemplar);
    const { total, ...buckets } = classicBuckets(histogram);
    if (kind === 'exponentialHistogram' && histogram.native) {
      const { native } = histogram;
      const count = nativeCount(native, total, histogram.sum);
      return { ...common, exemplars, value: { count, sum, native } };
    }
    return { ...common, exemplars, value: { count: total, sum, ...buckets } };
  }
  if (summary) return { ...common, exemplars: [], value: summary };
  if (value === undefined) return undefined;
  return { ...common, exemplars: exemplar ? [otlpExemplar(exemplar)] : [], value };
}

const hexId = { trace: /^[0-9a-f]{32}$/i, span: /^[0-9a-f]{16}$/i } as const;

/** Oldest first: Prometheus takes none of a series that is older than one it has, and buckets do not fill in turn. */
function inOrder(exemplars: readonly (Exemplar | undefined)[]): Exemplar[] {
  return exemplars
    .filter((each) => each !== undefined)
    .sort((a, b) => a.timestampMs - b.timestampMs || a.value - b.value);
}

/** Receivers refuse a request for one malformed id: those, which only users' own exemplars have, become attributes. */
function otlpExemplar(exemplar: Exemplar): Exemplar {
  const { traceId, spanId, labels = [] } = exemplar;
  const isTrace = traceId === '' || hexId.trace.test(traceId);
  const isSpan = spanId === '' || hexId.span.test(spanId);
  if (isTrace && isSpan) return exemplar;
  return {
    ...exemplar,
    traceId: isTrace ? traceId : '',
    spanId: isSpan ? spanId : '',
    labels: [
      ...(isTrace ? [] : [['trace_id', traceId] as const]),
      ...(isSpan ? [] : [['span_id', spanId] as const]),
      ...labels,
    ],
  };
}

function attributesOf({ attributes, labels }: Series): OtlpPoint['attributes'] {
  if (attributes) return Object.entries(attributes);
  const own = uniqueLabels(labels);
  return own.some(([name]) => scopeLabelNames.has(name))
    ? own.filter(([name]) => !scopeLabelNames.has(name))
    : own;
}
