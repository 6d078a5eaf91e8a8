import type { Exemplar, Family, HistogramValue, Labels, NativeValue, Series } from '@inferometer/core';
import { createProtoWriter, type ProtoWriter } from '../protobuf/writer.ts';
import { exemplarLabels } from './exemplar-labels.ts';
import { classicBuckets } from './histogram-buckets.ts';
import { uniqueLabels, withoutLabel } from './labels.ts';
import { nativeCount, toSpans } from './native-histogram.ts';
import { printedUnit } from './units.ts';

/** Field numbers. Source: prometheus/client_model 0.6, io/prometheus/client/metrics.proto. */
const familyField = { name: 1, help: 2, type: 3, metric: 4, unit: 5 } as const;
const typeNumber = { counter: 0, gauge: 1, summary: 2, untyped: 3, histogram: 4 } as const;
const metricField = { label: 1, gauge: 2, counter: 3, summary: 4, untyped: 5, histogram: 7 } as const;
const labelField = { name: 1, value: 2 } as const;
/** Of counters, gauges and untyped values alike. */
const valueField = { value: 1, exemplar: 2, created: 3 } as const;
const summaryField = { count: 1, sum: 2, quantile: 3, created: 4 } as const;
const quantileField = { quantile: 1, value: 2 } as const;
const histogramField = {
  count: 1,
  sum: 2,
  bucket: 3,
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  negativeSpan: 9,
  negativeDelta: 10,
  positiveSpan: 12,
  positiveDelta: 13,
  created: 15,
  exemplars: 16,
} as const;
const bucketField = { cumulativeCount: 1, upperBound: 2, exemplar: 3 } as const;
const spanField = { offset: 1, length: 2 } as const;
const exemplarField = { label: 1, value: 2, timestamp: 3 } as const;
const timestampField = { seconds: 1, nanos: 2 } as const;

/** Bytes of one chunk, about; a family is never split. */
const chunkBytes = 65_536;

/** Length-delimited `io.prometheus.client.MetricFamily` messages, in chunks of whole families. */
export function* renderProtobuf(families: readonly Family[]): Generator<Uint8Array> {
  const writer = createProtoWriter(chunkBytes);
  for (const family of families) {
    // Prometheus reads a family without a metric as the end of nothing; client libraries leave it out.
    if (family.series.length === 0) continue;
    writeFamily(writer, family);
    if (writer.size >= chunkBytes) yield writer.take();
  }
  if (writer.size > 0) yield writer.take();
}

function writeFamily(writer: ProtoWriter, { name, help, unit, type, series }: Family): void {
  writer.beginDelimited();
  writer.string(familyField.name, name);
  writer.string(familyField.help, help);
  writer.uint(familyField.type, typeNumber[type]);
  for (const each of series) {
    if (each.value === undefined && !each.histogram && !each.summary) continue;
    writer.begin(familyField.metric);
    writeMetric(writer, type, each);
    writer.end();
  }
  const word = printedUnit(type === 'counter' ? name.replace(/_total$/, '') : name, unit);
  if (word !== undefined) writer.string(familyField.unit, word);
  writer.end();
}

function writeMetric(writer: ProtoWriter, type: Family['type'], series: Series): void {
  const { labels, createdMs, value, histogram, summary, exemplar } = series;
  if (histogram) {
    writer.raw(labelBytes(withoutLabel(labels, 'le')));
    writer.begin(metricField.histogram);
    writeHistogram(writer, histogram);
    writeCreated(writer, histogramField.created, createdMs);
  } else if (summary) {
    writer.raw(labelBytes(withoutLabel(labels, 'quantile')));
    writer.begin(metricField.summary);
    writer.uint(summaryField.count, summary.count);
    writer.double(summaryField.sum, summary.sum);
    for (const { quantile, value: atQuantile } of summary.quantiles) {
      writer.begin(summaryField.quantile);
      writer.double(quantileField.quantile, quantile);
      writer.double(quantileField.value, atQuantile);
      writer.end();
    }
    writeCreated(writer, summaryField.created, createdMs);
  } else {
    writer.raw(labelBytes(labels));
    const isCounter = type === 'counter';
    writer.begin(
      isCounter ? metricField.counter : type === 'gauge' ? metricField.gauge : metricField.untyped,
    );
    writer.double(valueField.value, value as number);
    if (isCounter) {
      if (exemplar) writeExemplar(writer, valueField.exemplar, exemplar);
      writeCreated(writer, valueField.created, createdMs);
    }
  }
  writer.end();
}

function writeHistogram(writer: ProtoWriter, value: HistogramValue): void {
  const { bounds, counts, total } = classicBuckets(value);
  const { native, sum, exemplars } = value;
  writer.uint(histogramField.count, native ? nativeCount(native, total, sum) : total);
  if (value.hasSum !== false) writer.double(histogramField.sum, sum);
  let cumulative = 0;
  for (let i = 0; i <= bounds.length; i++) {
    cumulative += counts[i] ?? 0;
    const exemplar = exemplars?.[i];
    // +Inf's bucket is the count: readers add it, so that it is written only to carry an exemplar.
    if (i === bounds.length && exemplar === undefined) break;
    writer.begin(histogramField.bucket);
    writer.uint(bucketField.cumulativeCount, cumulative);
    writer.double(bucketField.upperBound, bounds[i] ?? Number.POSITIVE_INFINITY);
    if (exemplar) writeExemplar(writer, bucketField.exemplar, exemplar);
    writer.end();
  }
  if (native === undefined) return;
  writeNative(writer, native);
  for (const exemplar of exemplars ?? []) {
    if (exemplar) writeExemplar(writer, histogramField.exemplars, exemplar);
  }
}

function writeNative(writer: ProtoWriter, native: NativeValue): void {
  writer.sint(histogramField.schema, native.scale);
  writer.double(histogramField.zeroThreshold, native.zeroThreshold);
  writer.uint(histogramField.zeroCount, native.zeroCount);
  const negative = native.negative ? toSpans(native.negative) : undefined;
  const positive = toSpans(native.positive);
  if (negative) writeSpans(writer, histogramField.negativeSpan, histogramField.negativeDelta, negative);
  // Without any span it would be taken for a classic histogram.
  const isEmpty = positive.spans.length === 0 && (negative?.spans.length ?? 0) === 0;
  writeSpans(
    writer,
    histogramField.positiveSpan,
    histogramField.positiveDelta,
    isEmpty ? { spans: [0, 0], deltas: [] } : positive,
  );
}

function writeSpans(
  writer: ProtoWriter,
  spanNumber: number,
  deltaNumber: number,
  { spans, deltas }: ReturnType<typeof toSpans>,
): void {
  for (let i = 0; i < spans.length; i += 2) {
    writer.begin(spanNumber);
    writer.sint(spanField.offset, spans[i] as number);
    writer.uint(spanField.length, spans[i + 1] as number);
    writer.end();
  }
  if (deltas.length === 0) return;
  // Packed: decoders of proto2 and proto3 take it as well as one field each.
  writer.begin(deltaNumber);
  for (const delta of deltas) writer.rawSint(delta);
  writer.end();
}

function writeExemplar(writer: ProtoWriter, field: number, exemplar: Exemplar): void {
  writer.begin(field);
  writeLabels(writer, exemplarLabels(exemplar));
  writer.double(exemplarField.value, exemplar.value);
  writeTimestamp(writer, exemplarField.timestamp, exemplar.timestampMs);
  writer.end();
}

function writeCreated(writer: ProtoWriter, field: number, createdMs: number | undefined): void {
  if (createdMs !== undefined) writeTimestamp(writer, field, createdMs);
}

function writeTimestamp(writer: ProtoWriter, field: number, epochMs: number): void {
  const seconds = Math.floor(epochMs / 1000);
  writer.begin(field);
  writer.uint(timestampField.seconds, seconds);
  writer.uint(timestampField.nanos, Math.min(Math.round((epochMs - seconds * 1000) * 1e6), 999_999_999));
  writer.end();
}

// The labels of our own series do not change: encoded once, copied at each scrape.
const encodedLabels = new WeakMap<Labels, Uint8Array>();
const labelWriter = createProtoWriter(256);

/** The `label` fields of a metric; those of an exemplar have the same number. */
function labelBytes(labels: Labels): Uint8Array {
  let encoded = encodedLabels.get(labels);
  if (encoded === undefined) {
    writeLabels(labelWriter, uniqueLabels(labels));
    encoded = labelWriter.take();
    encodedLabels.set(labels, encoded);
  }
  return encoded;
}

function writeLabels(writer: ProtoWriter, labels: Labels): void {
  for (const [name, value] of labels) {
    writer.begin(metricField.label);
    writer.string(labelField.name, name);
    writer.string(labelField.value, value);
    writer.end();
  }
}
