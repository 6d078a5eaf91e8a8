import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { Family } from '@inferometer/core';
import { describeWithParts, type Prometheus, startPrometheus } from '@inferometer/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptsGzip, negotiate } from '../src/exposition/negotiate.ts';
import { renderFamilies } from '../src/exposition/render.ts';
import { familiesAt, spanId, traceId } from './exposition-samples.ts';

/** What a scraper of one path asked for and got. */
interface Scrape {
  readonly accept: string | undefined;
  readonly contentType: string;
  readonly isGzip: boolean;
}

interface Target extends AsyncDisposable {
  readonly host: string;
  readonly scrapes: ReadonlyMap<string, Scrape>;
}

/** Serves the families as negotiated, on every path. */
async function startTarget(families: readonly Family[]): Promise<Target> {
  const scrapes = new Map<string, Scrape>();
  const server = createServer((request, response) => {
    const { accept, 'accept-encoding': encoding } = request.headers;
    const { format, contentType } = negotiate(accept);
    const isGzip = acceptsGzip(String(encoding ?? ''));
    scrapes.set(request.url ?? '', { accept, contentType, isGzip });
    response.setHeader('content-type', contentType);
    const body = Readable.from(renderFamilies(format, families));
    const failed = (error: unknown): void => {
      if (error) response.destroy();
    };
    if (isGzip) {
      response.setHeader('content-encoding', 'gzip');
      pipeline(body, createGzip(), response, failed);
    } else pipeline(body, response, failed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    scrapes,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A job for each way to scrape; the first is Prometheus' own choice with native histograms. */
const jobs = {
  native: {},
  open: { scrape_protocols: ['OpenMetricsText1.0.0'], scrape_native_histograms: false },
  older: { scrape_protocols: ['OpenMetricsText0.0.1'], scrape_native_histograms: false },
  text: { scrape_protocols: ['PrometheusText0.0.4'], scrape_native_histograms: false },
  newer: { scrape_protocols: ['PrometheusText1.0.0'], scrape_native_histograms: false },
  underscores: {
    scrape_protocols: ['OpenMetricsText1.0.0'],
    scrape_native_histograms: false,
    metric_name_escaping_scheme: 'underscores',
    metric_name_validation_scheme: 'legacy',
  },
  plain: { enable_compression: false },
};
type Job = keyof typeof jobs;
const jobNames = Object.keys(jobs) as Job[];

const configOf = (host: string): string =>
  JSON.stringify({
    global: {
      scrape_interval: '1s',
      scrape_timeout: '1s',
      scrape_native_histograms: true,
      always_scrape_classic_histograms: true,
    },
    scrape_configs: jobNames.map((job) => ({
      job_name: job,
      metrics_path: `/${job}`,
      static_configs: [{ targets: [host] }],
      ...jobs[job],
    })),
  });

describeWithParts('a real Prometheus 3', ['prometheus'], () => {
  const nowMs = Date.now();
  let stack: AsyncDisposableStack;
  let target: Target;
  let prometheus: Prometheus;
  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    target = stack.use(await startTarget(familiesAt(nowMs)));
    prometheus = stack.use(
      await startPrometheus({
        config: configOf(target.host),
        extraFlags: ['--enable-feature=created-timestamp-zero-ingestion'],
      }),
    );
    // The last line of a scrape: what comes before it is there.
    for (const job of jobNames) await prometheus.waitForQuery(`test_jobs{job="${job}"}`);
  });
  afterAll(() => stack?.disposeAsync());

  const value = async (query: string): Promise<number | undefined> =>
    (await prometheus.query(query))[0]?.value;

  test('takes every format without a complaint', async () => {
    const targets = await prometheus.targets();
    expect(targets.map(({ job }) => job).sort()).toEqual([...jobNames].sort());
    for (const { health, lastError } of targets)
      expect({ health, lastError }).toEqual({ health: 'up', lastError: '' });
  });

  test('gets the format that it asked for', () => {
    const types = Object.fromEntries(
      [...target.scrapes].map(([path, { contentType }]) => [path, contentType]),
    );
    const protobuf =
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';
    expect(types).toEqual({
      '/native': protobuf,
      '/plain': protobuf,
      '/open': 'application/openmetrics-text;version=1.0.0;charset=utf-8;escaping=allow-utf-8',
      '/underscores': 'application/openmetrics-text;version=1.0.0;charset=utf-8;escaping=underscores',
      '/older': 'application/openmetrics-text;version=0.0.1;charset=utf-8',
      '/text': 'text/plain;version=0.0.4;charset=utf-8',
      '/newer': 'text/plain;version=0.0.4;charset=utf-8',
    });
    expect(target.scrapes.get('/native')?.isGzip).toBe(true);
    expect(target.scrapes.get('/plain')?.isGzip).toBe(false);
  });

  describe.each(jobNames)('%s', (job) => {
    const of = (name: string, labels = ''): string => `${name}{job="${job}"${labels && `,${labels}`}}`;

    test('classic histograms', async () => {
      const odd = 'model="a\\"b\\\\c\\nd"';
      const buckets = await prometheus.query(of('test_request_duration_seconds_bucket', odd));
      const byBound = new Map(buckets.map(({ metric, value }) => [metric.le, value]));
      expect(Object.fromEntries(byBound)).toEqual({
        '0.005': 0,
        '0.01': 0,
        '0.5': 3,
        '1.0': 4,
        '10.0': 5,
        '+Inf': 6,
      });
      expect(await value(of('test_request_duration_seconds_count', odd))).toBe(6);
      expect(await value(of('test_request_duration_seconds_sum', odd))).toBe(20);
      expect(await value(of('test_request_duration_seconds_count', 'model="empty"'))).toBe(0);
      expect(await value(of('test_request_duration_seconds_bucket', 'model="zeros",le="0.005"'))).toBe(2);
      const quantile = await value(
        `histogram_quantile(0.5, ${of('test_request_duration_seconds_bucket', odd)})`,
      );
      expect(quantile).toBeCloseTo(0.5);
    });

    test('counters, gauges, summaries and untyped values', async () => {
      expect(await value(of('test_device_time_seconds_total', 'model="é😀"'))).toBe(12.5);
      expect(await value(of('test_device_time_seconds_total', 'model=""'))).toBe(1e21);
      expect(await value(of('test_queue_depth', 'model="a"'))).toBe(3);
      expect(await value(of('test_queue_depth', 'model="nan"'))).toBeNaN();
      expect(await value(of('test_queue_depth', 'model="up"'))).toBe(Number.POSITIVE_INFINITY);
      expect(await value(of('test_queue_depth', 'model="down"'))).toBe(Number.NEGATIVE_INFINITY);
      expect(await value(of('test_run_seconds', 'quantile="0.5"'))).toBe(0.25);
      expect(await value(of('test_run_seconds', 'quantile="1.0"'))).toBe(1.5);
      expect(await value(of('test_run_seconds_count'))).toBe(7);
      expect(await value(of('test_run_seconds_sum'))).toBe(3.5);
      expect(await value(of('test_other'))).toBe(-1.5e-7);
      expect(await value(of('test_jobs'))).toBe(4);
    });

    test('no series but those', async () => {
      const names = new Set(
        (await prometheus.query(`{job="${job}",__name__=~"test_.+"}`)).map(({ metric }) => metric.__name__),
      );
      const histogram = 'test_request_duration_seconds';
      const native = job === 'native' || job === 'plain' ? [histogram] : [];
      const expected = [
        ...[...native, `${histogram}_bucket`, `${histogram}_count`, `${histogram}_sum`],
        ...[
          'test_device_time_seconds_total',
          'test_gpu_memory_ratio',
          'test_jobs',
          'test_other',
          'test_queue_depth',
        ],
        ...['test_run_seconds', 'test_run_seconds_count', 'test_run_seconds_sum'],
      ];
      expect([...names].sort()).toEqual(expected.sort());
    });
  });

  test('native histograms, the empty one too', async () => {
    const of = (model: string): string => `test_request_duration_seconds{job="native",model=~"${model}"}`;
    const [sample] = await prometheus.query(of('a.*'));
    expect(sample?.histogram).toEqual({
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
    expect(await value(`histogram_count(${of('a.*')})`)).toBe(6);
    expect(await value(`histogram_quantile(0.9, ${of('a.*')})`)).toBeGreaterThan(8);
    expect(await value(`histogram_fraction(0, 0.5, ${of('a.*')})`)).toBeCloseTo(0.5);
    expect(await value(`histogram_count(${of('zeros')})`)).toBe(2);
    expect((await prometheus.query(of('zeros')))[0]?.histogram?.buckets).toEqual([
      { lower: -(2 ** -64), upper: 2 ** -64, count: 2 },
    ]);
    expect((await prometheus.query(of('empty')))[0]?.histogram).toEqual({ count: 0, sum: 0, buckets: [] });
  });

  test.each<[Job, string, number[]]>([
    ['native', 'test_request_duration_seconds', [0.5, 16]],
    ['native', 'test_request_duration_seconds_bucket', [0.5, 16]],
    ['native', 'test_device_time_seconds_total', [0.25]],
    ['open', 'test_request_duration_seconds_bucket', [0.5, 16]],
    ['open', 'test_device_time_seconds_total', [0.25]],
  ])('%s: exemplars of %s', async (job, name, values) => {
    const exemplars = await prometheus.exemplars(`${name}{job="${job}"}`);
    expect(exemplars.map(({ value }) => value).sort((a, b) => a - b)).toEqual(values);
    for (const { labels, timeS } of exemplars) {
      expect(labels).toEqual({ trace_id: traceId, span_id: spanId });
      expect(timeS).toBeCloseTo(nowMs / 1000, 2);
    }
  });

  test('types, help and units are known', async () => {
    const metadata = async (metric: string): Promise<unknown> => {
      const all = (await prometheus.api('targets/metadata', {
        metric,
        match_target: '{job="open"}',
      })) as object[];
      return all[0];
    };
    expect(await metadata('test_request_duration_seconds')).toMatchObject({
      type: 'histogram',
      unit: 'seconds',
      help: 'Time of a request;\nwith a "quote", a \\ and an ü.',
    });
    expect(await metadata('test_device_time_seconds')).toMatchObject({ type: 'counter', unit: 'seconds' });
    expect(await metadata('test_other')).toMatchObject({ type: 'unknown' });
  });
});
