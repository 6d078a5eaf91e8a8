import type { Exemplar, Family, HistogramValue } from '@inferometer/core';

/** Families and numbers that several of the exposition's tests use. */

export const createdMs: number = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
export const traceId = '0af7651916cd43dd8448eb211c80319c';
export const spanId = 'b7ad6b7169203331';

export function exemplarOf(value: number, timestampMs: number = createdMs): Exemplar {
  return { value, timestampMs, traceId, spanId };
}

export const bounds: readonly number[] = [0.005, 0.01, 0.5, 1, 10];
/** Powers of two, so that each value is the upper bound of its native bucket at every scale. */
const observed = [0.25, 0.25, 0.5, 1, 2, 16];

/** Of 0.25 twice, 0.5, 1, 2 and 16; native at scale 0, where bucket i ends at 2^(i+1). */
export const histogram: HistogramValue = {
  count: observed.length,
  sum: observed.reduce((a, b) => a + b, 0),
  classic: { bounds, counts: [0, 0, 3, 1, 1, 1] },
  native: {
    scale: 0,
    zeroThreshold: 2 ** -64,
    zeroCount: 0,
    positive: { offset: -3, counts: [2, 1, 1, 1, 0, 0, 1] },
  },
  exemplars: [undefined, undefined, exemplarOf(0.5), undefined, undefined, exemplarOf(16)],
};

/** Of two observations of 0. */
const zeros: HistogramValue = {
  count: 2,
  sum: 0,
  classic: { bounds, counts: [2, 0, 0, 0, 0, 0] },
  native: { scale: 3, zeroThreshold: 2 ** -64, zeroCount: 2, positive: { offset: 0, counts: [] } },
};

const empty: HistogramValue = {
  count: 0,
  sum: 0,
  classic: { bounds, counts: [0, 0, 0, 0, 0, 0] },
  native: { scale: 3, zeroThreshold: 0, zeroCount: 0, positive: { offset: 0, counts: [] } },
};

/** One of each kind, with what formats stumble over. */
export const families: readonly Family[] = [
  {
    name: 'test_request_duration_seconds',
    help: 'Time of a request;\nwith a "quote", a \\ and an ü.',
    unit: 's',
    type: 'histogram',
    series: [
      { labels: [['model', 'a"b\\c\nd']], createdMs, histogram },
      { labels: [['model', 'zeros']], createdMs, histogram: zeros },
      { labels: [['model', 'empty']], createdMs, histogram: empty },
    ],
  },
  {
    name: 'test_device_time_seconds_total',
    help: 'Device time.',
    unit: 's',
    type: 'counter',
    series: [
      {
        labels: [
          ['model', 'é😀'],
          ['tenant', ''],
        ],
        createdMs,
        value: 12.5,
        exemplar: exemplarOf(0.25),
      },
      { labels: [], createdMs, value: 1e21 },
    ],
  },
  {
    name: 'test_queue_depth',
    help: 'Items that wait.',
    type: 'gauge',
    series: [
      { labels: [['model', 'a']], value: 3 },
      { labels: [['model', 'nan']], value: Number.NaN },
      { labels: [['model', 'up']], value: Number.POSITIVE_INFINITY },
      { labels: [['model', 'down']], value: Number.NEGATIVE_INFINITY },
    ],
  },
  {
    name: 'test_gpu_memory_ratio',
    help: 'Memory in use.',
    unit: '1',
    type: 'gauge',
    series: [{ labels: [['gpu', '0']], value: 0.125 }],
  },
  {
    name: 'test_run_seconds',
    help: 'Runs.',
    unit: 's',
    type: 'summary',
    series: [
      {
        labels: [['model', 'a']],
        createdMs,
        summary: {
          count: 7,
          sum: 3.5,
          quantiles: [
            { quantile: 0.5, value: 0.25 },
            { quantile: 1, value: 1.5 },
          ],
        },
      },
    ],
  },
  { name: 'test_other', help: '', type: 'untyped', series: [{ labels: [], value: -1.5e-7 }] },
  // prom-client takes counters of any name.
  { name: 'test_jobs', help: 'Jobs.', type: 'counter', series: [{ labels: [], createdMs, value: 4 }] },
];

/** Numbers in [0, 1) that are the same in every run (mulberry32), so that a failure can be seen again. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The families with all times moved: Prometheus wants exemplars and creation times of its own days. */
export function familiesAt(timeMs: number): Family[] {
  const moved = (exemplar: Exemplar | undefined): Exemplar | undefined =>
    exemplar && { ...exemplar, timestampMs: timeMs };
  return families.map((family) => ({
    ...family,
    series: family.series.map(({ createdMs: created, exemplar, histogram: value, ...rest }) => ({
      ...rest,
      ...(created === undefined ? {} : { createdMs: timeMs }),
      ...(exemplar ? { exemplar: { ...exemplar, timestampMs: timeMs } } : {}),
      ...(value
        ? { histogram: value.exemplars ? { ...value, exemplars: value.exemplars.map(moved) } : value }
        : {}),
    })),
  }));
}
