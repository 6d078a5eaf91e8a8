import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithParts, type Prometheus, promtool, startPrometheus } from '../src/index.ts';
import { isGone } from './gone.ts';

// What an application with a counter, a histogram and an exemplar on it prints.
const traceId = '0af7651916cd43dd8448eb211c80319c';
const openMetrics = `# TYPE jobs counter
jobs_total{queue="a"} 42
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.1"} 1
latency_seconds_bucket{le="+Inf"} 3 # {trace_id="${traceId}"} 0.5
latency_seconds_sum 1.2
latency_seconds_count 3
# EOF
`;

describeWithParts('startPrometheus', ['prometheus'], () => {
  const application = createServer((_, response) => {
    response.setHeader('content-type', 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    response.end(openMetrics);
  });
  let prometheus: Prometheus;

  beforeAll(async () => {
    await once(application.listen(0, '127.0.0.1'), 'listening');
    const { port } = application.address() as AddressInfo;
    prometheus = await startPrometheus({ scrape: [{ job: 'app', targets: [`http://127.0.0.1:${port}/`] }] });
    // Below, rates and ranges need a second scrape.
    await prometheus.waitForQuery('count_over_time(jobs_total[1m])', ([sample]) => (sample?.value ?? 0) >= 2);
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop();
    application.close();
  });

  test('scrapes its targets and answers PromQL', async () => {
    const [jobs] = await prometheus.query('sum by (job, queue) (jobs_total)');
    expect(jobs).toEqual({ metric: { job: 'app', queue: 'a' }, value: 42 });
    const [up] = await prometheus.targets();
    expect(up).toMatchObject({ job: 'app', health: 'up', lastError: '' });
    const [inf] = await prometheus.query('-1 / vector(0)');
    expect(inf?.value).toBe(-Infinity);
    expect(await prometheus.query('scalar(vector(3))')).toEqual([{ metric: {}, value: 3 }]);
  });

  test('gives the values over time', async () => {
    const [series] = await prometheus.queryRange('jobs_total');
    expect(series?.metric).toMatchObject({ job: 'app' });
    expect(new Set(series?.points.map(({ value }) => value))).toEqual(new Set([42]));
  });

  test('stores exemplars', async () => {
    const [exemplar] = await prometheus.exemplars('latency_seconds_bucket');
    expect(exemplar).toMatchObject({ labels: { trace_id: traceId }, value: 0.5 });
  });

  test('receives OTLP, native histograms included', async () => {
    const nowNano = `${Date.now()}000000`;
    const dataPoint = {
      startTimeUnixNano: nowNano,
      timeUnixNano: nowNano,
      count: '3',
      sum: 7,
      scale: 0,
      zeroCount: '0',
      positive: { offset: 0, bucketCounts: ['1', '2'] },
    };
    const metric = { name: 'pushed', unit: 's' };
    const body = {
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'app' } }] },
          scopeMetrics: [
            {
              metrics: [
                { ...metric, exponentialHistogram: { aggregationTemporality: 2, dataPoints: [dataPoint] } },
              ],
            },
          ],
        },
      ],
    };
    const response = await fetch(`${prometheus.url}/api/v1/otlp/v1/metrics`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    const [sample] = await prometheus.waitForQuery('pushed_seconds');
    expect(sample?.histogram).toEqual({
      count: 3,
      sum: 7,
      buckets: [
        { lower: 1, upper: 2, count: 1 },
        { lower: 2, upper: 4, count: 2 },
      ],
    });
  });

  test('says what is wrong with a query, and what the last answer was when it waits in vain', async () => {
    await expect(prometheus.query('sum(')).rejects.toThrow(/Prometheus refused query sum\(: .*parse error/);
    await expect(prometheus.waitForQuery('jobs_total > 100', undefined, { timeoutMs: 300 })).rejects.toThrow(
      /jobs_total > 100; the last answer: \[\]/,
    );
  });

  test('says what is wrong with a configuration', async () => {
    await expect(startPrometheus({ config: 'scrape_configs: 7' })).rejects.toThrow(/cannot unmarshal/);
  });

  test('is gone after stop', async () => {
    await using other = await startPrometheus();
    await other.stop();
    expect(isGone(other.pid)).toBe(true);
  });
});

describeWithParts('promtool', ['promtool'], () => {
  test('accepts good metrics and rejects garbage', async () => {
    const good = '# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\njobs_total 1\n';
    expect(await promtool(['check', 'metrics'], good)).toEqual({ code: 0, stdout: '', stderr: '' });
    const { code, stderr } = await promtool(['check', 'metrics'], 'jobs total 1 2 3\n');
    expect(code).not.toBe(0);
    expect(stderr).toContain('error while linting');
  });
});
