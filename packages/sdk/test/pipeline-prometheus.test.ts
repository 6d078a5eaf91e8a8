import {
  type Collector,
  describeWithParts,
  type Prometheus,
  promtool,
  startCollector,
  startPrometheus,
} from '@inferometer/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ParsedText } from './exposition-parse.ts';
import { type App, accepts, load, samplesOf, startApp, totalOf } from './pipeline-setup.ts';

const requests = 600;
const errors = 12;
const duration = 'inference_request_duration_seconds';

/** Mostly fast, some slow, a few failures: latencies of 1, 2, 5, … 100 ms. */
const napsMs = [0, 0, 0, 1, 1, 2, 2, 5, 10, 20];
const pathOf = (i: number): string => {
  if (i % 50 === 7) return '/work/3?status=500';
  if (i % 100 === 42) return '/work/100?span=1';
  return `/work/${napsMs[i % napsMs.length]}?span=1`;
};

describeWithParts(
  'an app, a real Prometheus that scrapes it and a real Collector',
  ['prometheus', 'otelcol'],
  () => {
    let stack: AsyncDisposableStack;
    let collector: Collector;
    let prometheus: Prometheus;
    let app: App;

    beforeAll(async () => {
      stack = new AsyncDisposableStack();
      collector = stack.use(await startCollector());
      app = stack.use(
        await startApp({
          env: {
            OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
            OTEL_BSP_SCHEDULE_DELAY: '100',
            // Of ordinary requests none: what arrives is there because of its end.
            INFEROMETER_TRACES_RATIO: '0',
            INFEROMETER_EXEMPLAR_INTERVAL_MS: '3000',
          },
        }),
      );
      prometheus = stack.use(await startPrometheus({ scrape: [{ job: 'app', targets: [app.metricsUrl] }] }));
      await load(requests, 4, (i) => app.get(pathOf(i)));
      await prometheus.waitForQuery(`sum(${duration}_count)`, ([sample]) => sample?.value === requests);
      // What the API has is read less often.
      await prometheus.waitForQuery('app_jobs_total', ([sample]) => sample?.value === requests);
      await prometheus.waitForQuery(
        'inferometer_spans_pending == 0 and on (instance) inferometer_spans_exported_total > 0',
      );
    });
    afterAll(() => stack?.disposeAsync());

    const value = async (query: string): Promise<number | undefined> =>
      (await prometheus.query(query))[0]?.value;

    test('classic and native histogram have every request', async () => {
      for (const [status, count] of [
        ['200', requests - errors],
        ['500', errors],
      ] as const) {
        const of = `{model="none",status="${status}"}`;
        expect(await value(`${duration}_count${of}`)).toBe(count);
        expect(await value(`${duration}_bucket{model="none",status="${status}",le="+Inf"}`)).toBe(count);
        expect(await value(`histogram_count(${duration}${of})`)).toBe(count);
        expect(await value(`histogram_sum(${duration}${of})`)).toBeCloseTo(
          (await value(`${duration}_sum${of}`)) as number,
          9,
        );
      }
      const [native] = await prometheus.query(`${duration}{status="200"}`);
      expect(native?.histogram?.buckets.reduce((sum, { count }) => sum + count, 0)).toBe(requests - errors);
      expect(native?.histogram?.buckets.length).toBeGreaterThan(5);
    });

    test.each([0.5, 0.9, 0.99])('quantile %d of both is near', async (q) => {
      const classic = (await value(`histogram_quantile(${q}, sum by (le) (${duration}_bucket))`)) as number;
      const native = (await value(`histogram_quantile(${q}, sum(${duration}))`)) as number;
      // Classic buckets are up to a factor of 2.5 wide.
      expect(native).toBeGreaterThan(classic / 2.5);
      expect(native).toBeLessThan(classic * 2.5);
      expect(native).toBeGreaterThan(0.0002);
    });

    test('phases sum to the total, and the conventions’ histogram has the route', async () => {
      const phases = (await value('sum(inference_phase_duration_seconds_sum)')) as number;
      expect(phases).toBeCloseTo((await value(`sum(${duration}_sum)`)) as number, 6);
      const http = await prometheus.query('http_server_request_duration_count');
      expect(
        http.map(({ metric, value }) => [
          metric.http_request_method,
          metric.http_route,
          metric.http_response_status_code,
          value,
        ]),
      ).toEqual(
        expect.arrayContaining([
          ['GET', '/work/:ms', '200', requests - errors],
          ['GET', '/work/:ms', '500', errors],
        ]),
      );
      expect(http).toHaveLength(2);
      expect(await value('histogram_count(sum(http_server_request_duration))')).toBe(requests);
    });

    test('the API’s instruments are beside ours', async () => {
      expect(await value('app_jobs_total')).toBe(requests);
      expect(await value('app_size_count')).toBe(requests);
      expect(await prometheus.query('v8js_gc_duration_count')).not.toHaveLength(0);
      expect(await value('process_cpu_seconds_total')).toBeGreaterThan(0);
    });

    test('every exemplar points to a trace that the Collector has, and few others are exported', async () => {
      const exemplars = (
        await Promise.all(
          ['inference_.+', 'http_server_.+'].map((names) => prometheus.exemplars(`{__name__=~"${names}"}`)),
        )
      ).flat();
      const pointedTo = new Set(exemplars.map(({ labels }) => labels.trace_id));
      expect(pointedTo.size).toBeGreaterThan(3);

      const isRoot = ({ kind }: { kind: string }): boolean => kind === 'SERVER';
      const exported = (await value('inferometer_spans_exported_total')) as number;
      const spans = await collector.waitForSpans((all) => all.length >= exported);
      const roots = spans.filter(isRoot);
      const stored = new Map(roots.map((root) => [root.traceId, root]));
      expect([...pointedTo].filter((id) => !stored.has(id as string))).toEqual([]);
      for (const { labels, value: seconds, series } of exemplars) {
        const root = stored.get(labels.trace_id as string);
        expect(labels.span_id).toBe(root?.spanId);
        // The request's own duration, not just one that fits the bucket.
        if (series.__name__?.startsWith(duration)) {
          expect(seconds * 1000).toBeCloseTo(root?.durationMs as number, 1);
        }
      }
      expect(roots.length).toBe(new Set(roots.map(({ traceId }) => traceId)).size);
      // With a ratio of 0: errors, the slow ones, one a bucket every three seconds.
      expect(roots.length).toBeLessThan(requests / 3);

      // What metrics say of decisions is what arrived.
      const decided = Object.fromEntries(
        (await prometheus.query('inferometer_traces_total')).map(({ metric, value }) => [
          metric.decision,
          value,
        ]),
      );
      const reasons: Record<string, number> = {};
      for (const { attributes } of roots) {
        const reason = String(attributes['inference.sampling.reason']);
        reasons[reason] = (reasons[reason] ?? 0) + 1;
        expect(attributes['inference.sampling.keep']).toBe(true);
      }
      const { not_chosen: notChosen = 0, ...kept } = decided;
      expect(kept).toEqual(reasons);
      expect(reasons.error).toBe(errors);
      expect(reasons.slow).toBeGreaterThan(0);
      expect(notChosen + roots.length).toBe(requests);

      // A trace is exported whole or not at all.
      for (const root of roots) {
        const names = spans.filter(({ traceId }) => traceId === root.traceId).map(({ name }) => name);
        expect(names).toEqual(
          expect.arrayContaining(['inference.preprocess', 'inference.run', 'inference.postprocess']),
        );
        expect(names.includes('inside')).toBe(root.attributes['http.response.status_code'] === 200);
      }
      expect(spans.filter(({ traceId }) => !stored.has(traceId))).toEqual([]);
    });

    test('exemplars come by OpenMetrics too', async () => {
      const text = await app.scrape(accepts.openmetrics);
      const exemplars = samplesOf(text, `${duration}_bucket`).flatMap(({ exemplar }) => exemplar ?? []);
      expect(exemplars.length).toBeGreaterThan(3);
      for (const { labels } of exemplars) expect(labels.trace_id).toMatch(/^[0-9a-f]{32}$/);
    });

    test('the text has every family and series once, and promtool has nothing to say', async () => {
      const response = await fetch(`${app.metricsUrl}/metrics`);
      await expectClean(await response.text());
      expectProcessOnce(await app.scrape());
    });
  },
);

describeWithParts('an app with prom-client metrics of its own', ['promtool'], () => {
  test('has them on the metrics port, and the process’ once', async () => {
    await using app = await startApp({ file: 'pipeline-own-metrics.mjs' });
    for (const price of [0.5, 5, 50, 500]) await app.get(`/order/${price}`);
    const text = await app.scrapeOf(4);
    expect(samplesOf(text, 'shop_orders_total').map(({ labels, value }) => [labels, value])).toEqual([
      [{ kind: 'web', shop: 'north' }, 4],
    ]);
    expect(samplesOf(text, 'shop_price_euros_bucket').map(({ value }) => value)).toEqual([1, 2, 3, 4]);
    expect(totalOf(text, 'http_server_request_duration_count', { http_route: '/order/:price' })).toBe(4);
    expectProcessOnce(text);
    const { code, stdout, stderr } = await checked(await (await fetch(`${app.metricsUrl}/metrics`)).text());
    // The registry is the app's: what prom-client itself puts there keeps its names.
    expect((stdout + stderr).trim().split('\n').sort()).toEqual(
      ['handles', 'requests', 'resources'].map(
        (what) => `nodejs_active_${what}_total non-counter metrics should not have "_total" suffix`,
      ),
    );
    expect(code).toBe(3);
  });
});

function expectProcessOnce(text: ParsedText): void {
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_version_info']) {
    expect(samplesOf(text, name)).toHaveLength(1);
  }
}

const checked = (text: string) => promtool(['check', 'metrics'], text);

async function expectClean(text: string): Promise<void> {
  const { code, stdout, stderr } = await checked(text);
  expect({ code, out: stdout + stderr }).toEqual({ code: 0, out: '' });
}
