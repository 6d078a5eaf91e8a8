import {
  type CollectedPoint,
  describeWithParts,
  type Prometheus,
  startCollector,
  startPrometheus,
  waitFor,
} from '@inferometer/testkit';
import { expect, test } from 'vitest';
import { type App, load, startApp, totalOf } from './pipeline-setup.ts';

const requests = 200;
const naps = [0, 1, 2, 5, 20];
const pathOf = (i: number): string => `/work/${naps[i % naps.length]}?status=${i % 20 === 3 ? 500 : 200}`;
const duration = 'inference_request_duration_seconds';
/** By OTLP the unit stands beside the name. */
const otlpDuration = 'inference_request_duration';

describeWithParts('metrics pushed by OTLP and scraped at the same time', ['prometheus', 'otelcol'], () => {
  test.each([
    ['http/protobuf', 'explicit_bucket_histogram'],
    ['http/json', 'explicit_bucket_histogram'],
    ['http/protobuf', 'base2_exponential_bucket_histogram'],
    ['http/json', 'base2_exponential_bucket_histogram'],
  ])('a real Prometheus takes them: %s, %s', async (protocol, aggregation) => {
    await using prometheus = await startPrometheus();
    await using collector = await startCollector();
    await using app = await startApp({
      env: {
        OTEL_METRICS_EXPORTER: 'prometheus,otlp',
        OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${prometheus.url}/api/v1/otlp/v1/metrics`,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: protocol,
        OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: aggregation,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces`,
        OTEL_METRIC_EXPORT_INTERVAL: '500',
        OTEL_BSP_SCHEDULE_DELAY: '100',
        INFEROMETER_EXEMPLAR_INTERVAL_MS: '200',
      },
    });
    const scraping = scrapeMeanwhile(app);
    await load(requests, 4, (i) => app.get(pathOf(i)));
    await scraping.stop();
    const native = aggregation.startsWith('base2');
    const countOf = (name: string, of = ''): string =>
      native ? `histogram_count(${name}${of})` : `${name}_count${of}`;
    await prometheus.waitForQuery(`sum(${countOf(duration)})`, ([sample]) => sample?.value === requests);
    // What the API has is read less often.
    await prometheus.waitForQuery('app_jobs_total', ([sample]) => sample?.value === requests);
    const scraped = await app.scrape();
    const value = async (query: string): Promise<number | undefined> =>
      (await prometheus.query(query))[0]?.value;

    for (const status of ['200', '500']) {
      const of = `{status="${status}",model="none"}`;
      expect(await value(countOf(duration, of))).toBe(totalOf(scraped, `${duration}_count`, { status }));
      expect(await value(native ? `histogram_sum(${duration}${of})` : `${duration}_sum${of}`)).toBeCloseTo(
        totalOf(scraped, `${duration}_sum`, { status }) as number,
        9,
      );
    }
    const phases = 'inference_phase_duration_seconds';
    expect(await value(`sum(${countOf(phases)})`)).toBe(totalOf(scraped, `${phases}_count`));
    // Under the name of the conventions, with which Prometheus makes its own.
    const http = 'http_server_request_duration_seconds';
    expect(await value(`sum(${countOf(http, '{http_route="/work/:ms"}')})`)).toBe(requests);
    expect(await value('app_size_bytes_count')).toBe(requests);
    if (native) expect(await prometheus.query(`${duration}_bucket`)).toEqual([]);
    else {
      const bound = `${duration}_bucket{le="0.01",status="200"}`;
      expect(await value(bound)).toBe(totalOf(scraped, `${duration}_bucket`, { le: '0.01', status: '200' }));
    }

    await expectExemplars(prometheus, async (ids) => {
      await collector.waitForSpans((all) => {
        const known = new Set(all.map(({ traceId }) => traceId));
        return ids.every((id) => known.has(id));
      });
    });
  });

  test('as deltas to a real Collector: they sum to what is scraped', async () => {
    await using collector = await startCollector();
    await using app = await startApp({
      env: {
        OTEL_METRICS_EXPORTER: 'prometheus,otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
        OTEL_METRIC_EXPORT_INTERVAL: '300',
      },
    });
    const scraping = scrapeMeanwhile(app);
    await load(requests * 2, 4, (i) => app.get(pathOf(i)));
    const scrapes = await scraping.stop();
    expect(scrapes).toBeGreaterThan(3);

    const sumOf = (points: readonly CollectedPoint[], name: string, what: 'value' | 'count'): number =>
      points.filter((point) => point.name === name).reduce((sum, point) => sum + (point[what] ?? 0), 0);
    const points = await collector.waitForMetrics(
      (all) =>
        sumOf(all, otlpDuration, 'count') >= requests * 2 && sumOf(all, 'app.jobs', 'value') >= requests * 2,
    );
    const scraped = await app.scrape();
    expect(
      new Set(points.filter(({ name }) => name === otlpDuration).map(({ raw }) => raw.startTimeUnixNano))
        .size,
    ).toBeGreaterThan(1);
    expect(sumOf(points, otlpDuration, 'count')).toBe(totalOf(scraped, `${duration}_count`));
    expect(sumOf(points, otlpDuration, 'value')).toBeCloseTo(
      totalOf(scraped, `${duration}_sum`) as number,
      6,
    );
    expect(sumOf(points, 'http.server.request.duration', 'count')).toBe(
      totalOf(scraped, 'http_server_request_duration_count'),
    );
    expect(sumOf(points, 'inference_phase_duration', 'count')).toBe(
      totalOf(scraped, 'inference_phase_duration_seconds_count'),
    );
    expect(sumOf(points, 'app.jobs', 'value')).toBe(totalOf(scraped, 'app_jobs_total'));
    expect(sumOf(points, 'app.size', 'value')).toBe(totalOf(scraped, 'app_size_sum'));

    // A difference ends where the next one starts, and none is there twice.
    const jobs = points
      .filter(({ name }) => name === 'app.jobs')
      .map(({ raw }) => [BigInt(String(raw.startTimeUnixNano)), BigInt(String(raw.timeUnixNano))] as const)
      .sort(([a], [b]) => Number(a - b));
    expect(jobs.length).toBeGreaterThan(1);
    jobs.slice(1).forEach(([start], i) => {
      expect(start).toBeGreaterThanOrEqual(jobs[i]?.[1] as bigint);
    });
  });

  test('instruments that tell of the time since they were last read tell it to both', async () => {
    await using collector = await startCollector();
    await using app = await startApp({
      env: {
        OTEL_METRICS_EXPORTER: 'prometheus,otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_TRACES_EXPORTER: 'none',
        OTEL_METRIC_EXPORT_INTERVAL: '500',
      },
    });
    const delay = 'nodejs.eventloop.delay.max';
    await collector.waitForMetrics((all) => all.some(({ name }) => name === delay));
    const start = performance.now();
    const utilisations: number[] = [];
    for (let i = 0; i < 20; i++) {
      const scraped = await app.scrape();
      expect(totalOf(scraped, 'nodejs_eventloop_delay_max')).toBeGreaterThan(0);
      utilisations.push(totalOf(scraped, 'nodejs_eventloop_utilization') as number);
    }
    // A scrape that follows another one or a push would tell of the milliseconds in between, which the reading itself
    // took: at most one reading in 200 ms.
    const readings = (performance.now() - start) / 200 + 2;
    expect(new Set(utilisations).size).toBeLessThanOrEqual(readings);
    const points = await collector.metrics();
    const pushed = (name: string): number => points.filter((point) => point.name === name).length;
    expect(pushed(delay)).toBe(pushed('nodejs.eventloop.utilization'));
  });
});

/** Scrapes again and again. */
function scrapeMeanwhile(app: App): { stop(): Promise<number> } {
  let scrapes = 0;
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await app.scrape();
      scrapes++;
    }
  })();
  return {
    async stop() {
      stopped = true;
      await running;
      return scrapes;
    },
  };
}

/** Exemplars have arrived, and what they point to does. */
async function expectExemplars(
  prometheus: Prometheus,
  arrived: (traceIds: string[]) => Promise<void>,
): Promise<void> {
  const exemplars = await waitFor('exemplars', async () => {
    const found = await prometheus.exemplars('{__name__=~"inference_request_duration_seconds.*"}');
    return found.length > 2 ? found : undefined;
  });
  await arrived([...new Set(exemplars.map(({ labels }) => labels.trace_id as string))]);
}
