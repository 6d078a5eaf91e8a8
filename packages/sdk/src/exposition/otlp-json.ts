import type { Exemplar, SummaryValue } from '@inferometer/core';
import type {
  ExplicitPoint,
  ExponentialPoint,
  OtlpMetric,
  OtlpPoint,
  OtlpScope,
  Temporality,
} from './otlp-model.ts';
import { temporalityNumber } from './otlp-model.ts';

type Json = Record<string, unknown>;

/**
 * An `ExportMetricsServiceRequest` in OTLP's JSON: 64-bit integers are texts, ids hexadecimal.
 * Source: OTLP 1.10, "JSON Protobuf Encoding"
 */
export function otlpJson(
  scopes: readonly OtlpScope[],
  resource: Readonly<Record<string, unknown>>,
  timeMs: number,
): string {
  const time = nanoText(timeMs);
  const scopeMetrics = scopes.map(({ name, version, schemaUrl, metrics }) => ({
    scope: { name, version },
    metrics: metrics.map((metric) => metricJson(metric, time)),
    ...(schemaUrl === '' ? {} : { schemaUrl }),
  }));
  const attributes = attributesJson(Object.entries(resource));
  return JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics }] });
}

function metricJson(metric: OtlpMetric, time: string): Json {
  const { name, description, unit, kind, temporality, isMonotonic, points } = metric;
  const data = {
    dataPoints: points.map((point) => pointJson(point, kind, time)),
    ...aggregation(temporality),
    ...(kind === 'sum' ? { isMonotonic } : {}),
  };
  return { name, description, unit, [kind]: data };
}

function aggregation(temporality: Temporality | undefined): Json {
  return temporality === undefined ? {} : { aggregationTemporality: temporalityNumber[temporality] };
}

function pointJson(point: OtlpPoint, kind: OtlpMetric['kind'], time: string): Json {
  const { attributes, startMs, exemplars, value } = point;
  return {
    attributes: attributesJson(attributes),
    ...(startMs === undefined ? {} : { startTimeUnixNano: nanoText(startMs) }),
    timeUnixNano: time,
    ...valueJson(value, kind),
    ...(exemplars.length === 0 ? {} : { exemplars: exemplars.map(exemplarJson) }),
  };
}

function valueJson(value: OtlpPoint['value'], kind: OtlpMetric['kind']): Json {
  switch (kind) {
    case 'histogram': {
      const { count, sum, bounds, counts } = value as ExplicitPoint;
      const buckets = { bucketCounts: counts.map(String), explicitBounds: bounds };
      return { count: String(count), ...(sum === undefined ? {} : { sum: doubleJson(sum) }), ...buckets };
    }
    case 'exponentialHistogram': {
      const { count, sum, native } = value as ExponentialPoint;
      const { scale, zeroCount, zeroThreshold, positive, negative } = native;
      const buckets = (each: typeof positive): Json => {
        return { offset: each.offset, bucketCounts: each.counts.map(String) };
      };
      return {
        count: String(count),
        ...(sum === undefined ? {} : { sum: doubleJson(sum) }),
        scale,
        zeroCount: String(zeroCount),
        zeroThreshold,
        positive: buckets(positive),
        ...(negative ? { negative: buckets(negative) } : {}),
      };
    }
    case 'summary': {
      const { count, sum, quantiles } = value as SummaryValue;
      const quantileValues = quantiles.map(({ quantile, value: at }) => ({
        quantile,
        value: doubleJson(at),
      }));
      return { count: String(count), sum: doubleJson(sum), quantileValues };
    }
    default:
      return { asDouble: doubleJson(value as number) };
  }
}

function exemplarJson({ value, timestampMs, traceId, spanId, labels }: Exemplar): Json {
  return {
    timeUnixNano: nanoText(timestampMs),
    asDouble: doubleJson(value),
    ...(traceId === '' ? {} : { traceId }),
    ...(spanId === '' ? {} : { spanId }),
    ...(labels ? { filteredAttributes: attributesJson(labels) } : {}),
  };
}

function attributesJson(attributes: OtlpPoint['attributes']): Json[] {
  return attributes.map(([key, value]) => ({ key, value: anyValueJson(value) }));
}

function anyValueJson(value: unknown): Json {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: doubleJson(value) };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValueJson) } };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (typeof value === 'object' && value !== null) {
    return { kvlistValue: { values: attributesJson(Object.entries(value)) } };
  }
  return {};
}

/** JSON has no number for NaN and the infinities; proto3's mapping has texts. */
function doubleJson(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** Nanoseconds since the epoch, which no double holds. */
function nanoText(epochMs: number): string {
  const wholeMs = Math.floor(epochMs);
  const nanos = Math.min(Math.round((epochMs - wholeMs) * 1e6), 999_999);
  return wholeMs === 0 ? String(nanos) : `${wholeMs}${String(nanos).padStart(6, '0')}`;
}
