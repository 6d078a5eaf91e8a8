import type { Family } from '@inferometer/core';
import { METRIC } from '@inferometer/core';
import {
  type CollectedPoint,
  type Collector,
  describeWithParts,
  type Prometheus,
  startCollector,
  startPrometheus,
} from '@inferometer/testkit';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDeltas } from '../src/exposition/deltas.ts';
import { familiesFromOtel } from '../src/exposition/from-otel.ts';
import { encodeOtlpMetrics, type OtlpMetricsOptions } from '../src/exposition/otlp-metrics.ts';
import { exemplarOf, familiesAt, histogram, spanId, traceId } from './exposition-samples.ts';

const encodings = ['json', 'protobuf'] as const;

async function post(
  url: string,
  families: readonly Family[],
  options: Omit<OtlpMetricsOptions, 'timeMs'> & { readonly timeMs?: number },
): Promise<void> {
  const body = encodeOtlpMetrics(families, { timeMs: Date.now(), ...options });
  const type = options.encoding === 'json' ? 'application/json' : 'application/x-protobuf';
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': type },
    body: Buffer.from(body),
  });
  // Receivers say what they did not take in the answer, also with a 200: an empty message if they took it all.
  const answer = Buffer.from(await response.arrayBuffer());
  const complaint =
    options.encoding === 'json' ? answer.toString().replace('"partialSuccess":{}', '') : answer;
  expect(response.status).toBe(200);
  expect(['', '{}', '\n\0']).toContain(complaint.toString());
}

describeWithParts('a real Prometheus over OTLP', ['prometheus'], () => {
  const nowMs = Date.now();
  let prometheus: Prometheus;
  let url: string;
  beforeAll(async () => {
    prometheus = await startPrometheus();
    url = `${prometheus.url}/api/v1/otlp/v1/metrics`;
  });
  afterAll(() => prometheus?.stop());

  const value = async (query: string): Promise<number | undefined> =>
    (await prometheus.query(query))[0]?.value;

  describe.each(encodings)('%s', (encoding) => {
    test('explicit histograms, counters, gauges, summaries', async () => {
      const job = `${encoding}-explicit`;
      await post(url, familiesAt(nowMs), { encoding, resource: { 'service.name': job } });
      const of = (name: string, labels = ''): string => `${name}{job="${job}"${labels && `,${labels}`}}`;
      const odd = 'model="a\\"b\\\\c\\nd"';
      const buckets = await prometheus.query(of('test_request_duration_seconds_bucket', odd));
      expect(Object.fromEntries(buckets.map(({ metric, value }) => [metric.le, value]))).toEqual({
        '0.005': 0,
        '0.01': 0,
        '0.5': 3,
        '1': 4,
        '10': 5,
        '+Inf': 6,
      });
      expect(await value(of('test_request_duration_seconds_sum', odd))).toBe(20);
      expect(await value(of('test_request_duration_seconds_count', odd))).toBe(6);
      expect(await value(of('test_device_time_seconds_total', 'model="é😀"'))).toBe(12.5);
      expect(await value(of('test_queue_depth', 'model="a"'))).toBe(3);
      expect(await value(of('test_queue_depth', 'model="nan"'))).toBeNaN();
      expect(await value(of('test_queue_depth', 'model="up"'))).toBe(Number.POSITIVE_INFINITY);
      expect(await value(of('test_queue_depth', 'model="down"'))).toBe(Number.NEGATIVE_INFINITY);
      expect(await value(of('test_gpu_memory_ratio'))).toBe(0.125);
      expect(await value(of('test_run_seconds', 'quantile="0.5"'))).toBe(0.25);
      expect(await value(of('test_run_seconds_count'))).toBe(7);
      expect(await value(of('test_other'))).toBe(-1.5e-7);
      const exemplars = await prometheus.exemplars(of('test_request_duration_seconds_bucket'));
      expect(exemplars.map(({ series, value }) => [series.le, value]).sort()).toEqual([
        ['+Inf', 16],
        ['0.5', 0.5],
      ]);
      const [counted] = await prometheus.exemplars(of('test_device_time_seconds_total'));
      expect(counted).toMatchObject({ labels: { trace_id: traceId, span_id: spanId }, value: 0.25 });
      expect(counted?.timeS).toBeCloseTo(nowMs / 1000, 2);
    });

    test('exponential histograms are native ones', async () => {
      const job = `${encoding}-exponential`;
      const resource = { 'service.name': job };
      await post(url, familiesAt(nowMs), { encoding, histograms: 'exponential', resource });
      const of = (model: string): string => `test_request_duration_seconds{job="${job}",model=~"${model}"}`;
      expect((await prometheus.query(of('a.*')))[0]?.histogram).toEqual({
        count: 6,
        sum: 20,
        buckets: [
          { lower: 0.125, upper: 0.25, count: 2 },
          { lower: 0.25, upper: 0.5, count: 1 },
          { lower: 0.5, upper: 1, count: 1 },
          { lower: 1, upper: 2, count: 1 },
          { lower: 8, upper: 16, count: 1 },
        ],
      });
      expect(await value(`histogram_count(${of('zeros')})`)).toBe(2);
      expect(await value(`histogram_count(${of('empty')})`)).toBe(0);
      const exemplars = await prometheus.exemplars(of('a.*'));
      expect(exemplars.map(({ value }) => value).sort((a, b) => a - b)).toEqual([0.5, 16]);
      expect(exemplars[0]?.labels).toEqual({ trace_id: traceId, span_id: spanId });
    });

    test('a family without native buckets stays explicit', async () => {
      const { native: _, ...classicOnly } = histogram;
      const series = [{ labels: [], histogram: classicOnly }];
      const family: Family = { name: 'only_classic_seconds', help: '', type: 'histogram', series };
      await post(url, [family], {
        encoding,
        histograms: 'exponential',
        resource: { 'service.name': encoding },
      });
      expect(await value(`only_classic_seconds_count{job="${encoding}"}`)).toBe(6);
    });

    test('one with native buckets alone is exponential in any case', async () => {
      const { classic: _, exemplars: __, ...nativeOnly } = histogram;
      const series = [{ labels: [], histogram: nativeOnly }];
      const family: Family = { name: 'only_native_seconds', help: '', type: 'histogram', series };
      await post(url, [family], { encoding, resource: { 'service.name': encoding } });
      expect(await value(`histogram_count(only_native_seconds{job="${encoding}"})`)).toBe(6);
    });
  });

  test('names and units lead back to the Prometheus names', async () => {
    const gauges = [
      ...['a', 'a_seconds', 'a_bytes', 'a_ratio', 'a_percent', 'a_celsius', 'a_joules', 'a_watts', 'a_info'],
      ...[
        'a_seconds_seconds',
        'seconds_a_seconds',
        'b_ratio_c',
        'ratio_d_ratio',
        'e_total',
        'x:rate_seconds',
        'ratio',
      ],
      ...['seconds', 'hw_gpu_utilization_ratio', 'hw_gpu_memory_usage_bytes'],
    ];
    const histograms = ['h', 'h_seconds', 'h_bytes', 'h_ratio', 'h_ratio_seconds', 'h_tokens', 'h_meters'];
    const counters = ['c_total', 'c_seconds_total', 'c_bytes_total', 'c_ratio_total'];
    const ours = Object.values(METRIC);
    const typeOf = (name: string): Family['type'] => (name.endsWith('_total') ? 'counter' : 'histogram');
    const families: Family[] = [
      ...gauges.map((name) => ({ name, type: 'gauge' as const })),
      ...[...histograms, ...counters, ...ours].map((name) => ({ name, type: typeOf(name) })),
    ].map(({ name, type }) => {
      const { classic } = histogram;
      if (classic === undefined) throw new TypeError('the sample has classic buckets');
      const series = type === 'histogram' ? { histogram: { count: 6, sum: 1, classic } } : { value: 1 };
      return { name, help: '', type, series: [{ labels: [], ...series }] };
    });
    // Names that no translation leads to come out as something else, but come out.
    const odd: Family[] = ['a__b', '_under', 'c_total_d_total'].map((name) => ({
      name,
      help: '',
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      series: [{ labels: [], value: 1 }],
    }));
    await post(url, [...families, ...odd], { encoding: 'protobuf', resource: { 'service.name': 'names' } });
    const found = (await prometheus.query('{job="names"}')).map(({ metric }) => metric.__name__ ?? '');
    const expected = families.flatMap(({ name, type }) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    );
    expect([...new Set(found)].sort()).toEqual(
      [...new Set([...expected, 'a_b', 'under', 'c_d_total'])].sort(),
    );
  });

  test('resource attributes arrive as target_info, and ours is not sent beside it', async () => {
    const target: Family = {
      name: 'target_info',
      help: '',
      type: 'gauge',
      series: [{ labels: [['wrong', 'yes']], value: 1 }],
    };
    const resource = {
      'service.name': 'target',
      'host.name': 'h1',
      'process.pid': 7,
      list: ['a', 1.5, true, -2],
    };
    for (const encoding of encodings) {
      await post(url, [target, ...familiesAt(nowMs)], { encoding, resource: { ...resource, encoding } });
      const infos = await prometheus.query(`target_info{job="target",encoding="${encoding}"}`);
      expect(infos.map(({ metric }) => metric)).toEqual([
        expect.objectContaining({ host_name: 'h1', process_pid: '7', list: '["a",1.5,true,-2]' }),
      ]);
      expect(infos[0]?.metric.wrong).toBeUndefined();
    }
  });
});

describeWithParts('a real Collector over OTLP', ['otelcol'], () => {
  let collector: Collector;
  let url: string;
  beforeAll(async () => {
    collector = await startCollector();
    url = `${collector.url}/v1/metrics`;
  });
  afterAll(() => collector?.stop());

  const pointsOf = async (id: string, count: number): Promise<CollectedPoint[]> => {
    const mine = (points: readonly CollectedPoint[]): CollectedPoint[] =>
      points.filter(({ resource }) => resource.id === id);
    return mine(await collector.waitForMetrics((points) => mine(points).length >= count));
  };

  test.each(['explicit', 'exponential'] as const)('%s: both encodings say the same', async (histograms) => {
    const timeMs = Date.now();
    const families = familiesAt(timeMs - 5000);
    const count = families.flatMap(({ series }) => series).length;
    const collected = new Map<string, readonly CollectedPoint[]>();
    for (const encoding of encodings) {
      const id = `${histograms}-${encoding}`;
      await post(url, families, { encoding, histograms, timeMs, resource: { id } });
      collected.set(encoding, await pointsOf(id, count));
    }
    const [json, protobuf] = encodings.map((encoding) =>
      collected.get(encoding)?.map(({ resource: _, ...point }) => point),
    );
    expect(json).toHaveLength(count);
    expect(protobuf).toEqual(json);
    const of = (name: string): CollectedPoint['raw'][] =>
      (json ?? []).filter((point) => point.name === name).map(({ raw }) => raw);
    const [odd] = of('test_request_duration');
    const nanos = (ms: number): string => `${ms}000000`;
    expect(odd).toMatchObject({
      startTimeUnixNano: nanos(timeMs - 5000),
      timeUnixNano: nanos(timeMs),
      count: '6',
      sum: 20,
      exemplars: [{ timeUnixNano: nanos(timeMs - 5000), traceId, spanId, asDouble: 0.5 }, { asDouble: 16 }],
    });
    if (histograms === 'explicit') {
      expect(odd).toMatchObject({
        bucketCounts: ['0', '0', '3', '1', '1', '1'],
        explicitBounds: [0.005, 0.01, 0.5, 1, 10],
      });
    } else {
      const positive = { offset: -3, bucketCounts: ['2', '1', '1', '1', '0', '0', '1'] };
      expect(odd).toMatchObject({ positive, zeroThreshold: 2 ** -64 });
    }
    const [counted] = json?.filter(({ name }) => name === 'test_device_time') ?? [];
    expect(counted).toMatchObject({ unit: 's', type: 'sum', value: 12.5 });
  });

  test("instruments of the API arrive with their scopes, their own names and attributes' types", async () => {
    const reader = new PrometheusExporter({ preventServerStart: true });
    const provider = new MeterProvider({ readers: [reader], resource: resourceFromAttributes({}) });
    const meter = provider.getMeter('lib', '1.2', { schemaUrl: 'https://example.com/s' });
    meter
      .createCounter('http.requests', { unit: '{request}', description: 'd' })
      .add(2, { 'http.status': 200, ok: true });
    meter.createUpDownCounter('queue.size').add(-3);
    meter.createHistogram('http.duration', { unit: 's' }).record(0.3, { 'http.route': '/a' });
    provider.getMeter('other').createGauge('temp').record(1.5);
    const { resourceMetrics } = await reader.collect();
    await provider.shutdown();
    const families = familiesFromOtel(resourceMetrics);
    for (const encoding of encodings) {
      await post(url, families, { encoding, resource: { id: `api-${encoding}` } });
      const points = await pointsOf(`api-${encoding}`, 4);
      const seen = points.map(({ name, unit, type, attributes, value }) => ({
        name,
        unit,
        type,
        attributes,
        value,
      }));
      expect(seen).toEqual([
        {
          name: 'http.requests',
          unit: '{request}',
          type: 'sum',
          attributes: { 'http.status': 200, ok: true },
          value: 2,
        },
        { name: 'queue.size', unit: '', type: 'sum', attributes: {}, value: -3 },
        {
          name: 'http.duration',
          unit: 's',
          type: 'histogram',
          attributes: { 'http.route': '/a' },
          value: 0.3,
        },
        { name: 'temp', unit: '', type: 'gauge', attributes: {}, value: 1.5 },
      ]);
    }
    const body = JSON.parse(
      Buffer.from(encodeOtlpMetrics(families, { encoding: 'json', timeMs: 0, resource: {} })).toString(
        'utf8',
      ),
    ) as { resourceMetrics: { scopeMetrics: { scope: object; schemaUrl?: string; metrics: object[] }[] }[] };
    expect(body.resourceMetrics[0]?.scopeMetrics).toMatchObject([
      {
        scope: { name: 'lib', version: '1.2' },
        schemaUrl: 'https://example.com/s',
        metrics: [{ sum: { isMonotonic: true } }, { sum: { isMonotonic: false } }, {}],
      },
      { scope: { name: 'other' }, metrics: [{}] },
    ]);
  });

  test('a malformed trace id costs neither the push nor the exemplar', async () => {
    const exemplar = {
      ...exemplarOf(1),
      traceId: 'not hex',
      spanId: 'abc',
      labels: [['extra', 'e']] as const,
    };
    const family: Family = {
      name: 'm_total',
      help: '',
      type: 'counter',
      series: [{ labels: [], value: 1, exemplar }],
    };
    for (const encoding of encodings) {
      await post(url, [family], { encoding, resource: { id: `ids-${encoding}` } });
      const [point] = await pointsOf(`ids-${encoding}`, 1);
      const attribute = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
      expect(point?.raw.exemplars).toEqual([
        expect.objectContaining({
          asDouble: 1,
          filteredAttributes: [
            attribute('trace_id', 'not hex'),
            attribute('span_id', 'abc'),
            attribute('extra', 'e'),
          ],
        }),
      ]);
    }
  });

  test('deltas add up to the whole, a lost push included', async () => {
    const deltas = createDeltas();
    const startMs = Date.now() - 60_000;
    const total = (count: number): Family[] => [
      {
        name: 'd_total',
        help: '',
        type: 'counter',
        series: [{ labels: [], createdMs: startMs, value: count, exemplar: exemplarOf(1, startMs + 500) }],
      },
      {
        name: 'd_seconds',
        help: '',
        type: 'histogram',
        series: [
          {
            labels: [],
            createdMs: startMs,
            histogram: { count, sum: count, classic: { bounds: [2], counts: [count, 0] } },
          },
        ],
      },
      { name: 'd_level', help: '', type: 'gauge', isSum: true, series: [{ labels: [], value: count }] },
    ];
    let points = 0;
    for (const [i, count] of [3, 5, 9].entries()) {
      const timeMs = startMs + (i + 1) * 1000;
      const push = deltas.prepare(total(count), timeMs);
      // The second one is prepared, but does not get through.
      if (i === 1) continue;
      await post(url, push.families, {
        encoding: 'protobuf',
        temporality: 'delta',
        timeMs,
        resource: { id: 'delta' },
      });
      push.commit();
      points += 3;
    }
    const collected = await pointsOf('delta', points);
    const of = (name: string): object[] =>
      collected
        .filter((point) => point.name === name)
        .map(({ value, raw }) => ({ value, start: raw.startTimeUnixNano }));
    const starts = [`${startMs}000000`, `${startMs + 1000}000000`];
    // The counter `d_total` and the histogram `d_seconds`.
    const pushes = [3, 3, 6, 6].map((value) => ({ value, start: starts[value === 3 ? 0 : 1] }));
    expect(of('d')).toEqual(pushes);
    expect(of('d_level').map((point) => (point as { value: number }).value)).toEqual([3, 9]);
    // The exemplar went with the first push alone.
    const exemplars = collected.filter(({ raw }) => raw.exemplars !== undefined);
    expect(exemplars).toHaveLength(1);
    const push = createDeltas().prepare(total(1), startMs);
    const body = encodeOtlpMetrics(push.families, {
      encoding: 'json',
      temporality: 'delta',
      timeMs: 0,
      resource: {},
    });
    const { resourceMetrics } = JSON.parse(Buffer.from(body).toString('utf8')) as {
      resourceMetrics: { scopeMetrics: { metrics: object[] }[] }[];
    };
    // What may fall stays cumulative.
    expect(resourceMetrics[0]?.scopeMetrics[0]?.metrics).toMatchObject([
      { sum: { aggregationTemporality: 1, isMonotonic: true } },
      { histogram: { aggregationTemporality: 1 } },
      { sum: { aggregationTemporality: 2, isMonotonic: false } },
    ]);
  });
});
