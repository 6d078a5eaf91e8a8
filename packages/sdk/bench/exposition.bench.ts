/**
 * Time to write one scrape of many series in each format, and one OTLP push in each encoding; `--json` for programs.
 * The first row of each is a process's first scrape, the second one the usual: labels that do not change are encoded
 * once.
 */
import { gzipSync } from 'node:zlib';
import type { Family, Labels } from '@inferometer/core';
import { mergeFamilies } from '../src/exposition/merge.ts';
import { encodeOtlpMetrics } from '../src/exposition/otlp-metrics.ts';
import { renderFamilies } from '../src/exposition/render.ts';

interface Row {
  readonly name: string;
  readonly first_ms: number;
  readonly median_ms: number;
  readonly bytes: number;
}

const histogramCount = 10_000;
const counterCount = 10_000;
const runs = 7;
const bounds = Array.from({ length: 18 }, (_, i) => 0.0005 * 2 ** i);
const nowMs = Date.now();

const labelsOf = (i: number): Labels => [
  ['model', `model-${i % 50}`],
  ['phase', ['queue', 'run', 'batch'][i % 3] ?? ''],
  ['tenant', `tenant-${i}`],
];

/** New label arrays each time, as at a process's first scrape. */
function histograms(): Family[] {
  const series = Array.from({ length: histogramCount }, (_, i) => {
    const counts = Array.from({ length: bounds.length + 1 }, (_, k) => (i * 31 + k * 17) % 1000);
    const count = counts.reduce((a, b) => a + b, 0);
    const native = {
      scale: 3,
      zeroThreshold: 2 ** -64,
      zeroCount: 0,
      positive: { offset: -40, counts: Array.from({ length: 60 }, (_, k) => (i + k * 7) % 50) },
    };
    const exemplar = { value: 0.1, timestampMs: nowMs, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
    const histogram = { count, sum: count / 8, classic: { bounds, counts }, native, exemplars: [exemplar] };
    return { labels: labelsOf(i), createdMs: nowMs, histogram };
  });
  return [{ name: 'bench_duration_seconds', help: 'Durations.', unit: 's', type: 'histogram', series }];
}

function counters(): Family[] {
  const series = Array.from({ length: counterCount }, (_, i) => {
    return { labels: labelsOf(i), createdMs: nowMs, value: i * 1.5 };
  });
  return [{ name: 'bench_time_seconds_total', help: 'Time.', unit: 's', type: 'counter', series }];
}

function measure(
  name: string,
  families: readonly Family[],
  run: (families: readonly Family[]) => number,
): Row {
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    bytes = run(families);
    times.push(performance.now() - start);
  }
  const [first = 0, ...usual] = times;
  usual.sort((a, b) => a - b);
  return { name, first_ms: first, median_ms: usual[Math.floor(usual.length / 2)] ?? 0, bytes };
}

function lengthOf(chunks: Iterable<Uint8Array>): number {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  return length;
}

const rows: Row[] = [];
for (const [what, make] of [
  [`${counterCount} counters`, counters],
  [`${histogramCount} histograms`, histograms],
] as const) {
  for (const format of ['text', 'openmetrics', 'protobuf'] as const) {
    rows.push(measure(`${what}: ${format}`, make(), (list) => lengthOf(renderFamilies(format, list))));
  }
  rows.push(measure(`${what}: merge`, make(), (list) => mergeFamilies([list]).families.length));
  for (const encoding of ['json', 'protobuf'] as const) {
    const options = { encoding, timeMs: nowMs, resource: { 'service.name': 'bench' } };
    rows.push(
      measure(`${what}: OTLP ${encoding}`, make(), (list) => encodeOtlpMetrics(list, options).length),
    );
  }
}
const gzipped = (list: readonly Family[]): number =>
  gzipSync(Buffer.concat([...renderFamilies('protobuf', list)])).length;
rows.push(measure(`${histogramCount} histograms: protobuf, gzip`, histograms(), gzipped));

if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ rows })}\n`);
else {
  console.table(
    rows.map(({ name, first_ms, median_ms, bytes }) => ({
      what: name,
      'first, ms': first_ms.toFixed(1),
      'usual, ms': median_ms.toFixed(1),
      kB: Math.round(bytes / 1000),
    })),
  );
}
