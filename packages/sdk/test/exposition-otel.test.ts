import type { Family, Series } from '@inferometer/core';
import { ValueType } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationType,
  MeterProvider,
  type ResourceMetrics,
  type ViewOptions,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import {
  familiesFromOtel,
  type InstrumentConflict,
  type ResourceMetricsLike,
} from '../src/exposition/from-otel.ts';
import { renderText } from '../src/exposition/text.ts';
import { parseExposition } from './exposition-parse.ts';

async function collect(
  record: (provider: MeterProvider) => void,
  views: ViewOptions[] = [],
): Promise<ResourceMetrics> {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const resource = resourceFromAttributes({
    'service.name': 'te"st',
    'process.command_args': ['a', 'b\n'],
    'process.pid': 7,
  });
  const provider = new MeterProvider({ resource, readers: [reader], views });
  record(provider);
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  await provider.shutdown();
  return resourceMetrics;
}

/** As it arrives in another thread: a clone of the resource itself would lose its attributes, which are behind a getter. */
const cloned = ({ resource, scopeMetrics }: ResourceMetrics): ResourceMetricsLike =>
  structuredClone({ resource: { attributes: resource.attributes }, scopeMetrics });
const families = (metrics: ResourceMetrics, conflicts: InstrumentConflict[] = []): Family[] =>
  familiesFromOtel(cloned(metrics), {
    onConflict: (conflict) => conflicts.push(conflict),
  });
const textOf = (list: readonly Family[]): string => [...renderText(list)].join('');
/** Lines in no order; UNIT is a comment in this format, which we do not write. */
const lines = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# UNIT'))
    .sort();

test('all kinds of instruments print as exporter-prometheus prints them', async () => {
  const metrics = await collect(
    (provider) => {
      const meter = provider.getMeter('first', '1.2.3', { schemaUrl: 'https://example.com/1' });
      const counter = meter.createCounter('http.requests', { description: 'Requests.', unit: '{request}' });
      counter.add(2, { 'http.route': '/a"\\\n', 'http.status': 200, cached: true });
      counter.add(0.5, { 'http.route': '', list: ['x', 'y'] });
      meter.createCounter('bytes_total', { valueType: ValueType.INT }).add(5);
      meter.createUpDownCounter('queue.size', { unit: '1', description: 'a \\ b\nc' }).add(-3, { q: 'a' });
      meter.createGauge('temp-now/x').record(-1.5e-7, { 'odd key.with/everything': 'é' });
      const histogram = meter.createHistogram('http.server.duration', { unit: 's' });
      for (const value of [0.001, 3, 7, 80, 1e6]) histogram.record(value, { route: '/a' });
      const bounded = { advice: { explicitBucketBoundaries: [0.1, 0.5, 1] } };
      meter.createHistogram('bounded', bounded).record(0.5);
      meter.createObservableCounter('seen').addCallback((result) => result.observe(4, { k: 'v' }));
      meter.createObservableUpDownCounter('level').addCallback((result) => result.observe(-4));
      meter.createObservableGauge('gauge.now').addCallback((result) => {
        result.observe(Number.NaN, { k: 'nan' });
        result.observe(Number.POSITIVE_INFINITY, { k: 'up' });
        result.observe(Number.NEGATIVE_INFINITY, { k: 'down' });
      });
      const other = provider.getMeter('second');
      other.createCounter('http.requests', { description: 'Other words.' }).add(1, { 'http.route': '/b' });
      other.createCounter('http_requests').add(9, { 'http.route': '/c' });
      // Histogram aggregation of what may be negative has no sum.
      other.createUpDownCounter('signed').add(-2);
      other.createCounter('dropped').add(1);
      other.createCounter('renamed.before').add(1, { kept: 1, gone: 2 });
    },
    [
      { instrumentName: 'signed', aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM } },
      { instrumentName: 'dropped', aggregation: { type: AggregationType.DROP } },
      {
        instrumentName: 'renamed.before',
        name: 'renamed.after',
        description: 'From the view.',
        attributesProcessors: [{ process: ({ kept }) => ({ kept: kept ?? '' }) }],
      },
    ],
  );
  const expected = lines(new PrometheusSerializer().serialize(metrics));
  expect(expected.length).toBeGreaterThan(60);
  expect(lines(textOf(families(metrics)))).toEqual(expected);
});

test('a name that instruments of two types share is left out, and said', async () => {
  const metrics = await collect((provider) => {
    const meter = provider.getMeter('m');
    meter.createUpDownCounter('a.b').add(1);
    meter.createHistogram('a_b').record(1);
    meter.createGauge('a-b').record(1);
    meter.createGauge('fine').record(1);
  });
  const conflicts: InstrumentConflict[] = [];
  const list = families(metrics, conflicts);
  expect(lines(textOf(list))).toEqual(lines(new PrometheusSerializer().serialize(metrics)));
  expect(list.map(({ name }) => name)).toEqual(['target_info', 'fine']);
  expect(conflicts).toEqual([{ name: 'a_b', types: ['gauge', 'histogram'] }]);
});

test('names that are nothing but separators or clash with target_info are treated as the exporter treats them', async () => {
  const metrics = await collect((provider) => {
    const meter = provider.getMeter('m');
    meter.createHistogram('target_info').record(1);
    meter.createGauge('fine').record(1);
  });
  expect(lines(textOf(families(metrics)))).toEqual(lines(new PrometheusSerializer().serialize(metrics)));
  expect(families(metrics).map(({ name }) => name)).toEqual(['fine']);
});

test('without instruments there is the resource alone', async () => {
  const list = families(await collect(() => {}));
  expect(textOf(list)).toBe(
    '# HELP target_info Target metadata\n# TYPE target_info gauge\n' +
      'target_info{service_name="te\\"st",process_command_args="[\\"a\\",\\"b\\\\n\\"]",process_pid="7"} 1\n',
  );
});

test('attributes that would be one label share it; the exporter writes it twice, which no scraper takes', async () => {
  const metrics = await collect((provider) => {
    provider.getMeter('m').createGauge('g').record(1, { 'a.b': 'x', a_b: 'y', 'a-b': 'z', '1st': 'd' });
  });
  expect(() => parseExposition(new PrometheusSerializer().serialize(metrics))).toThrow();
  const sample = parseExposition(textOf(families(metrics))).samples.find(({ name }) => name === 'g');
  // In the order of the attributes' names: a-b, a.b, a_b.
  expect(sample?.labels).toEqual({ a_b: 'z;x;y', _1st: 'd', otel_scope_name: 'm' });
});

test("the instruments' own names, units, attributes and times are kept for OTLP", async () => {
  const before = Date.now();
  const metrics = await collect((provider) => {
    const meter = provider.getMeter('m');
    meter.createCounter('http.requests', { unit: '{request}' }).add(1, { 'http.status': 200 });
    meter.createUpDownCounter('level').add(1);
    meter.createGauge('gauge').record(1);
  });
  const [, requests, level, gauge] = families(metrics);
  expect(requests).toMatchObject({ otlpName: 'http.requests', unit: '{request}' });
  expect(requests?.series[0]?.attributes).toEqual({ 'http.status': 200 });
  expect(requests?.series[0]?.createdMs).toBeGreaterThanOrEqual(before - 1);
  expect(requests?.series[0]?.createdMs).toBeLessThanOrEqual(Date.now() + 1);
  expect(level?.isSum).toBe(true);
  expect(gauge?.isSum).toBeUndefined();
});

const exponential = (maxSize: number): ViewOptions => ({
  instrumentName: 'x',
  aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM, options: { maxSize, recordMinMax: true } },
});

/** Counts of observations by upper bound, from a histogram's native buckets. */
function boundsOf({ histogram }: Series): [upper: number, count: number][] {
  const native = histogram?.native;
  return (native?.positive.counts ?? []).flatMap((count, i): [number, number][] =>
    count === 0 ? [] : [[2 ** (((native?.positive.offset ?? 0) + i + 1) / 2 ** (native?.scale ?? 0)), count]],
  );
}

test('exponential histograms become native ones', async () => {
  const values = [0, 0.3, 1, 1.0001, 17, 17, 1e5];
  const metrics = await collect(
    (provider) => {
      const histogram = provider.getMeter('m').createHistogram('x');
      for (const value of values) histogram.record(value);
    },
    [exponential(160)],
  );
  const family = families(metrics).find(({ name }) => name === 'x');
  expect(family?.type).toBe('histogram');
  const [series] = family?.series ?? [];
  if (series === undefined) throw new Error('the histogram has no series');
  const { histogram } = series;
  expect(histogram).toMatchObject({ count: 7, native: { zeroCount: 1 } });
  expect(histogram?.sum).toBeCloseTo(values.reduce((a, b) => a + b, 0));
  const base = 2 ** (1 / 2 ** (histogram?.native?.scale ?? 0));
  for (const value of values.slice(1)) {
    const bucket = boundsOf(series).find(([upper]) => value <= upper * (1 + 1e-12));
    expect((bucket?.[0] ?? 0) / value).toBeLessThanOrEqual(base * (1 + 1e-12));
  }
  // What the text format has of it.
  expect(parseExposition(textOf([family as Family])).samples.map(({ value }) => value)).toEqual([
    7,
    histogram?.sum,
    7,
  ]);
});

test('scales finer than 8 are merged down to it', async () => {
  const values = [1.001, 1.0011, 1.002, 1.01];
  const metrics = await collect(
    (provider) => {
      const histogram = provider.getMeter('m').createHistogram('x');
      for (const value of values) histogram.record(value);
    },
    [exponential(160)],
  );
  const raw = metrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]?.value as { scale: number };
  expect(raw.scale).toBeGreaterThan(8);
  const [series] = families(metrics).find(({ name }) => name === 'x')?.series ?? [];
  if (series === undefined) throw new Error('the histogram has no series');
  expect(series.histogram?.native?.scale).toBe(8);
  const width = 2 ** (1 / 256);
  const expected = new Map<number, number>();
  for (const value of values) {
    const index = Math.ceil(Math.log2(value) * 256) - 1;
    expected.set(index, (expected.get(index) ?? 0) + 1);
  }
  expect(
    boundsOf(series).map(([upper, count]) => [Math.round(Math.log(upper) / Math.log(width)) - 1, count]),
  ).toEqual([...expected]);
});
