import type { Exemplar, SummaryValue } from '@inferometer/core';
import { createProtoWriter, type ProtoWriter } from '../protobuf/writer.ts';
import {
  type ExplicitPoint,
  type ExponentialPoint,
  type OtlpMetric,
  type OtlpPoint,
  type OtlpScope,
  temporalityNumber,
} from './otlp-model.ts';

/** Field numbers. Source: opentelemetry-proto 1.10, metrics/v1, common/v1 and resource/v1. */
const requestField = { resourceMetrics: 1 } as const;
const resourceMetricsField = { resource: 1, scopeMetrics: 2 } as const;
const resourceField = { attributes: 1 } as const;
const scopeMetricsField = { scope: 1, metrics: 2, schemaUrl: 3 } as const;
const scopeField = { name: 1, version: 2 } as const;
const metricField = {
  name: 1,
  description: 2,
  unit: 3,
  gauge: 5,
  sum: 7,
  histogram: 9,
  exponentialHistogram: 10,
  summary: 11,
} as const;
const dataField = { points: 1, temporality: 2, isMonotonic: 3 } as const;
/** Of all kinds of points. */
const pointField = { start: 2, time: 3 } as const;
const numberField = { attributes: 7, asDouble: 4, exemplars: 5 } as const;
const histogramField = { attributes: 9, count: 4, sum: 5, counts: 6, bounds: 7, exemplars: 8 } as const;
const exponentialField = {
  attributes: 1,
  count: 4,
  sum: 5,
  scale: 6,
  zeroCount: 7,
  positive: 8,
  negative: 9,
  exemplars: 11,
  zeroThreshold: 14,
} as const;
const bucketsField = { offset: 1, counts: 2 } as const;
const summaryField = { attributes: 7, count: 4, sum: 5, quantiles: 6 } as const;
const quantileField = { quantile: 1, value: 2 } as const;
const exemplarField = { time: 2, asDouble: 3, spanId: 4, traceId: 5, attributes: 7 } as const;
const keyValueField = { key: 1, value: 2 } as const;
const anyValueField = { text: 1, bool: 2, int: 3, double: 4, array: 5, map: 6, bytes: 7 } as const;
const listField = { values: 1 } as const;

/** An `ExportMetricsServiceRequest` in protobuf. */
export function otlpProtobuf(
  scopes: readonly OtlpScope[],
  resource: Readonly<Record<string, unknown>>,
  timeMs: number,
): Uint8Array {
  const writer = createProtoWriter(65_536);
  writer.begin(requestField.resourceMetrics);
  writer.begin(resourceMetricsField.resource);
  writeAttributes(writer, resourceField.attributes, Object.entries(resource));
  writer.end();
  for (const { name, version, schemaUrl, metrics } of scopes) {
    writer.begin(resourceMetricsField.scopeMetrics);
    writer.begin(scopeMetricsField.scope);
    writer.string(scopeField.name, name);
    writer.string(scopeField.version, version);
    writer.end();
    for (const metric of metrics) {
      writer.begin(scopeMetricsField.metrics);
      writeMetric(writer, metric, timeMs);
      writer.end();
    }
    if (schemaUrl !== '') writer.string(scopeMetricsField.schemaUrl, schemaUrl);
    writer.end();
  }
  writer.end();
  return writer.take();
}

function writeMetric(writer: ProtoWriter, metric: OtlpMetric, timeMs: number): void {
  const { name, description, unit, kind, temporality, isMonotonic, points } = metric;
  writer.string(metricField.name, name);
  writer.string(metricField.description, description);
  writer.string(metricField.unit, unit);
  writer.begin(metricField[kind]);
  for (const point of points) {
    writer.begin(dataField.points);
    if (point.startMs !== undefined) writer.unixNano(pointField.start, point.startMs);
    writer.unixNano(pointField.time, timeMs);
    writePoint(writer, point, kind);
    writer.end();
  }
  if (temporality) writer.uint(dataField.temporality, temporalityNumber[temporality]);
  if (kind === 'sum') writer.uint(dataField.isMonotonic, isMonotonic ? 1 : 0);
  writer.end();
}

function writePoint(writer: ProtoWriter, point: OtlpPoint, kind: OtlpMetric['kind']): void {
  const { attributes, exemplars, value } = point;
  switch (kind) {
    case 'histogram':
      writeAttributes(writer, histogramField.attributes, attributes);
      writeExplicit(writer, value as ExplicitPoint);
      writeExemplars(writer, histogramField.exemplars, exemplars);
      break;
    case 'exponentialHistogram':
      writeAttributes(writer, exponentialField.attributes, attributes);
      writeExponential(writer, value as ExponentialPoint);
      writeExemplars(writer, exponentialField.exemplars, exemplars);
      break;
    case 'summary':
      writeAttributes(writer, summaryField.attributes, attributes);
      writeSummary(writer, value as SummaryValue);
      break;
    default:
      writeAttributes(writer, numberField.attributes, attributes);
      writer.double(numberField.asDouble, value as number);
      writeExemplars(writer, numberField.exemplars, exemplars);
  }
}

function writeExplicit(writer: ProtoWriter, { count, sum, bounds, counts }: ExplicitPoint): void {
  writer.fixed64(histogramField.count, count);
  if (sum !== undefined) writer.double(histogramField.sum, sum);
  writer.begin(histogramField.counts);
  for (const each of counts) writer.rawFixed64(each);
  writer.end();
  writer.begin(histogramField.bounds);
  for (const bound of bounds) writer.rawDouble(bound);
  writer.end();
}

function writeExponential(writer: ProtoWriter, { count, sum, native }: ExponentialPoint): void {
  const { scale, zeroCount, zeroThreshold, positive, negative } = native;
  writer.fixed64(exponentialField.count, count);
  if (sum !== undefined) writer.double(exponentialField.sum, sum);
  writer.sint(exponentialField.scale, scale);
  writer.fixed64(exponentialField.zeroCount, zeroCount);
  writer.double(exponentialField.zeroThreshold, zeroThreshold);
  writeBuckets(writer, exponentialField.positive, positive);
  if (negative) writeBuckets(writer, exponentialField.negative, negative);
}

function writeBuckets(
  writer: ProtoWriter,
  field: number,
  { offset, counts }: ExponentialPoint['native']['positive'],
): void {
  writer.begin(field);
  writer.sint(bucketsField.offset, offset);
  writer.begin(bucketsField.counts);
  for (const count of counts) writer.rawUint(count);
  writer.end();
  writer.end();
}

function writeSummary(writer: ProtoWriter, { count, sum, quantiles }: SummaryValue): void {
  writer.fixed64(summaryField.count, count);
  writer.double(summaryField.sum, sum);
  for (const { quantile, value } of quantiles) {
    writer.begin(summaryField.quantiles);
    writer.double(quantileField.quantile, quantile);
    writer.double(quantileField.value, value);
    writer.end();
  }
}

function writeExemplars(writer: ProtoWriter, field: number, exemplars: readonly Exemplar[]): void {
  for (const { value, timestampMs, traceId, spanId, labels } of exemplars) {
    writer.begin(field);
    writer.unixNano(exemplarField.time, timestampMs);
    writer.double(exemplarField.asDouble, value);
    if (spanId !== '') writer.hex(exemplarField.spanId, spanId);
    if (traceId !== '') writer.hex(exemplarField.traceId, traceId);
    if (labels) writeAttributes(writer, exemplarField.attributes, labels);
    writer.end();
  }
}

function writeAttributes(writer: ProtoWriter, field: number, attributes: OtlpPoint['attributes']): void {
  for (const [key, value] of attributes) {
    writer.begin(field);
    writer.string(keyValueField.key, key);
    writer.begin(keyValueField.value);
    writeAnyValue(writer, value);
    writer.end();
    writer.end();
  }
}

function writeAnyValue(writer: ProtoWriter, value: unknown): void {
  if (typeof value === 'string') writer.string(anyValueField.text, value);
  else if (typeof value === 'boolean') writer.uint(anyValueField.bool, value ? 1 : 0);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.int(anyValueField.int, value);
    else writer.double(anyValueField.double, value);
  } else if (value instanceof Uint8Array) writer.bytes(anyValueField.bytes, value);
  else if (Array.isArray(value)) {
    writer.begin(anyValueField.array);
    for (const each of value) {
      writer.begin(listField.values);
      writeAnyValue(writer, each);
      writer.end();
    }
    writer.end();
  } else if (typeof value === 'object' && value !== null) {
    writer.begin(anyValueField.map);
    writeAttributes(writer, listField.values, Object.entries(value));
    writer.end();
  }
}
