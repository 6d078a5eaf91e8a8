import type { Family } from '@inferometer/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { expect, test } from 'vitest';
import { familiesFromPromClient, type PromClientMetric } from '../src/exposition/from-prom-client.ts';
import { renderOpenMetrics } from '../src/exposition/open-metrics.ts';
import { renderText } from '../src/exposition/text.ts';
import { parseExposition } from './exposition-parse.ts';
import { spanId, traceId } from './exposition-samples.ts';

/** As it arrives in another thread. */
const familiesOf = async (registry: Registry): Promise<Family[]> =>
  familiesFromPromClient(structuredClone(await registry.getMetricsAsJSON()) as readonly PromClientMetric[]);

test('prints what the registry prints', async () => {
  const registry = new Registry();
  registry.setDefaultLabels({ zone: 'a"b', own: 'default' });
  const registers = [registry];
  new Counter({ name: 'jobs', help: 'Jobs\n\\', labelNames: ['kind', 'own'], registers }).inc(
    { kind: 'x', own: 'mine' },
    2,
  );
  new Counter({ name: 'plain_total', help: 'Plain.', registers });
  new Gauge({ name: 'level', help: 'Level.', labelNames: ['n'], registers }).set({ n: 1 }, -0.5);
  const histogram = new Histogram({
    name: 'took',
    help: 'Took.',
    labelNames: ['m'],
    buckets: [0.1, 1, 10],
    registers,
  });
  for (const value of [0.1, 0.5, 20]) histogram.observe({ m: 'a' }, value);
  histogram.observe({ m: 'b' }, 3);
  const summary = new Summary({
    name: 'sums',
    help: 'Sums.',
    labelNames: ['m'],
    percentiles: [0.5, 0.9],
    registers,
  });
  for (const value of [1, 2, 3]) summary.observe({ m: 'a' }, value);
  new Gauge({ name: 'unused', help: 'Nothing yet.', labelNames: ['n'], registers });

  // In another order of lines and labels; an empty family is no sample.
  const read = (text: string): unknown => {
    const { samples, types, helps } = parseExposition(text.replaceAll(/\n+/g, '\n'));
    const sorted = samples.map(({ name, labels, value }) =>
      JSON.stringify([name, Object.entries(labels).sort(), value]),
    );
    return { samples: sorted.sort(), types, helps };
  };
  const ours = [...renderText(await familiesOf(registry))].join('');
  expect(read(ours)).toEqual(read(await registry.metrics()));
  expect(parseExposition(ours).samples).toHaveLength(1 + 1 + 1 + 2 * 6 + 4);
});

test('the process metrics of prom-client come through', async () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const families = await familiesOf(registry);
  const cpu = families.find(({ name }) => name === 'process_cpu_seconds_total');
  expect(cpu).toMatchObject({ type: 'counter', series: [{ labels: [] }] });
  expect(cpu?.series[0]?.value).toBeGreaterThan(0);
  expect(families.find(({ name }) => name === 'nodejs_gc_duration_seconds')?.type).toBe('histogram');
  expect(() => parseExposition([...renderOpenMetrics(families)].join(''))).not.toThrow();
});

test('exemplars stay on their buckets and counters', async () => {
  const registry = new Registry<typeof Registry.OPENMETRICS_CONTENT_TYPE>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const options = { registers: [registry], enableExemplars: true, labelNames: ['m'] };
  const histogram = new Histogram({ name: 'took', help: '.', buckets: [1, 10], ...options });
  const exemplarLabels = { traceId, spanId };
  histogram.observe({ labels: { m: 'a' }, value: 0.5, exemplarLabels });
  histogram.observe({ labels: { m: 'a' }, value: 100, exemplarLabels: { trace_id: traceId, extra: 'e' } });
  new Counter({ name: 'jobs_total', help: '.', ...options }).inc({
    labels: { m: 'a' },
    value: 3,
    exemplarLabels,
  });
  const before = Date.now();

  const samples = parseExposition(
    [...renderOpenMetrics(await familiesOf(registry as unknown as Registry))].join(''),
  ).samples;
  const exemplars = new Map(
    samples.map(({ name, labels, exemplar }) => [`${name} ${labels.le ?? ''}`, exemplar]),
  );
  expect(exemplars.get('took_bucket 1.0')).toMatchObject({
    labels: { trace_id: traceId, span_id: spanId },
    value: 0.5,
  });
  expect(exemplars.get('took_bucket 10.0')).toBeUndefined();
  expect(exemplars.get('took_bucket +Inf')).toMatchObject({
    labels: { trace_id: traceId, extra: 'e' },
    value: 100,
  });
  expect(exemplars.get('jobs_total ')).toMatchObject({
    labels: { trace_id: traceId, span_id: spanId },
    value: 3,
  });
  const timeS = exemplars.get('jobs_total ')?.timeS ?? 0;
  expect(Math.abs(timeS * 1000 - before)).toBeLessThan(60_000);
});

test('rows of a series may come apart and out of order, as from an aggregated registry', () => {
  const row = (m: string, le: number | string, value: number) => ({
    metricName: 'h_bucket',
    labels: { le, m },
    value,
  });
  const end = (m: string, kind: string, value: number) => ({ metricName: `h_${kind}`, labels: { m }, value });
  const values = [
    row('a', '+Inf', 3),
    row('a', 10, 3),
    row('b', 1, 1),
    row('a', 1, 2),
    end('b', 'count', 1),
    end('a', 'sum', 9),
    row('b', '+Inf', 1),
    row('b', 10, 1),
    end('a', 'count', 3),
    end('b', 'sum', 0.5),
  ];
  const [family] = familiesFromPromClient([{ name: 'h', help: '', type: 'histogram', values }]);
  expect(family?.series).toEqual([
    {
      labels: [['m', 'a']],
      histogram: { count: 3, sum: 9, classic: { bounds: [1, 10], counts: [2, 1, 0] } },
    },
    {
      labels: [['m', 'b']],
      histogram: { count: 1, sum: 0.5, classic: { bounds: [1, 10], counts: [1, 0, 0] } },
    },
  ]);
});
