import {
  createMemoryReader,
  createMetricMemory,
  type Family,
  foldedMetric,
  type MetricMemory,
  otherValue,
  refusedMetric,
  type Series,
} from '@inferometer/core';
import { describe, expect, test } from 'vitest';
import { createRandom } from './random.ts';

function families(memory: MetricMemory): Map<string, Family> {
  return new Map(
    createMemoryReader(memory.buffer)
      .read()
      .map((family) => [family.name, family]),
  );
}

function byLabels(family: Family | undefined): Record<string, Series> {
  const all = family?.series ?? [];
  return Object.fromEntries(all.map((series) => [series.labels.map(([, value]) => value).join(' '), series]));
}

function totalIn(memory: MetricMemory, name: string): number {
  return (families(memory).get(name)?.series ?? []).reduce((sum, { value }) => sum + (value ?? 0), 0);
}

test('what is written is read, with what describes it', () => {
  const memory = createMetricMemory({ now: () => 1234 });
  memory
    .counter({ name: 'requests_total', help: 'Requests.', labels: ['model', 'status'] })
    .of('a', '200')
    .add();
  memory.counter({ name: 'requests_total', help: 'Requests.', labels: ['model', 'status'] });
  const gauge = memory
    .gauge({ name: 'depth', help: 'Depth, in items: "ü".', unit: '1', otlpName: 'x.depth' })
    .of();
  gauge.set(5);
  gauge.add(-7);
  const read = families(memory);
  expect(read.get('depth')).toEqual({
    name: 'depth',
    help: 'Depth, in items: "ü".',
    unit: '1',
    otlpName: 'x.depth',
    type: 'gauge',
    series: [{ labels: [], value: -2, createdMs: 1234 }],
  });
  expect(byLabels(families(memory).get('requests_total'))).toEqual({});
});

test('a reader sees series that were made after it was, and the newest values', () => {
  const memory = createMetricMemory();
  const reader = createMemoryReader(memory.buffer);
  const counter = memory.counter({ name: 'c_total', help: 'C.', labels: ['a'] });
  const read = () => byLabels(reader.read().find(({ name }) => name === 'c_total'));
  expect(read()).toEqual({});
  counter.of('x').add(2);
  expect(read().x?.value).toBe(2);
  counter.of('y').add(3);
  counter.of('x').add();
  expect([read().x?.value, read().y?.value]).toEqual([3, 3]);
});

test('a counter only grows', () => {
  const memory = createMetricMemory();
  const counter = memory.counter({ name: 'c_total', help: 'C.' }).of();
  for (const by of [2, -1, Number.NaN, Number.POSITIVE_INFINITY, 0, 0.5]) counter.add(by);
  expect(totalIn(memory, 'c_total')).toBe(2.5);
});

test('the newest observation of a bucket that was made in a trace is its exemplar', () => {
  const memory = createMetricMemory();
  const series = memory.histogram({ name: 'h', help: 'H.', bounds: [1, 2] }).of();
  const ids = (n: number) => ({ t0: n, t1: -1, t2: 0, t3: 0x0abc, s0: 0x12345678, s1: n });
  series.observe(0.5);
  expect(series.exemplarAt(0.5)).toBe(0);
  series.observeIn(0.6, ids(1), 1000);
  series.observeIn(0.7, ids(2), 2000);
  series.observeIn(5, ids(3), 3000);
  series.observeIn(Number.NaN, ids(9), 9000);
  series.observe(0.8);
  expect([series.exemplarAt(1), series.exemplarAt(1.5), series.exemplarAt(99)]).toEqual([2000, 0, 3000]);
  const [low, middle, high] = byLabels(families(memory).get('h'))['']?.histogram?.exemplars ?? [];
  expect(low).toEqual({
    value: 0.7,
    timestampMs: 2000,
    traceId: '00000002ffffffff0000000000000abc',
    spanId: '1234567800000002',
  });
  expect(middle).toBeUndefined();
  expect(high).toMatchObject({ value: 5, timestampMs: 3000 });
});

describe('label values', () => {
  test('past the limit are counted as other, and how often is counted too', () => {
    const memory = createMetricMemory({ labelLimit: 2 });
    const counter = memory.counter({ name: 'c_total', help: 'C.', labels: ['model', 'tenant'] });
    for (const model of ['a', 'b', 'c', 'd', 'a'])
      for (const tenant of ['x', 'y', 'z']) counter.of(model, tenant).add();
    const values = Object.entries(byLabels(families(memory).get('c_total'))).map(([key, { value }]) => [
      key,
      value,
    ]);
    expect(Object.fromEntries(values)).toEqual({
      'a x': 2,
      'a y': 2,
      [`a ${otherValue}`]: 2,
      'b x': 1,
      'b y': 1,
      [`b ${otherValue}`]: 1,
      [`${otherValue} x`]: 2,
      [`${otherValue} y`]: 2,
      [`${otherValue} ${otherValue}`]: 2,
    });
    const folded = byLabels(families(memory).get(foldedMetric));
    expect(folded['c_total model']?.value).toBe(6);
    expect(folded['c_total tenant']?.value).toBe(5);
  });

  test('whatever they are, all observations are counted somewhere', () => {
    const random = createRandom(5);
    const memory = createMetricMemory({ labelLimit: 7 });
    const histogram = memory.histogram({ name: 'h', help: 'H.', labels: ['a', 'b', 'c'], bounds: [1] });
    for (let i = 0; i < 5000; i++) {
      const [a, b, c] = [0, 0, 0].map(() =>
        random.pick(['', otherValue, '__proto__', '"', '\n', `v${random.int(30)}`]),
      );
      histogram.of(a, b, c).observe(random() * 2);
    }
    const series = families(memory).get('h')?.series ?? [];
    expect(series.reduce((sum, it) => sum + (it.histogram?.count ?? 0), 0)).toBe(5000);
    expect(series.length).toBeLessThanOrEqual(8 ** 3);
    const keys = series.map(({ labels }) => JSON.stringify(labels));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a memory that is full', () => {
  test('takes what still has room, drops and counts the rest, and disturbs nothing', () => {
    const memory = createMetricMemory({ bytes: 65_536, labelLimit: 10_000 });
    const wide = memory.histogram({
      name: 'wide',
      help: 'W.',
      labels: ['a'],
      bounds: [1, 2, 3],
      nativeBuckets: 160,
    });
    const narrow = memory.histogram({
      name: 'narrow',
      help: 'N.',
      labels: ['a'],
      bounds: [1],
      nativeBuckets: 200,
    });
    const counter = memory.counter({ name: 'c_total', help: 'C.', labels: ['a'] });
    const gauge = memory.gauge({ name: 'g', help: 'G.', labels: ['a'] });
    const random = createRandom(1);
    const ids = { t0: 1, t1: 2, t2: 3, t3: 4, s0: 5, s1: 6 };
    const observations = new Map<string, number>();
    for (let i = 0; i < 20_000; i++) {
      const label = `label ${Math.floor(i / 100)}`;
      const value = 2 ** ((random() - 0.5) * 2000);
      wide.of(label).observe(value);
      narrow.of(label).observeIn(value, ids, 1);
      counter.of(label).add();
      gauge.of(label).set(i);
      observations.set(label, (observations.get(label) ?? 0) + 1);
    }
    const read = families(memory);
    for (const name of ['wide', 'narrow']) {
      const kept = Object.entries(byLabels(read.get(name)));
      expect(kept.length).toBeGreaterThan(0);
      for (const [label, { histogram }] of kept) {
        expect(histogram?.count).toBe(observations.get(label));
        expect(histogram?.classic?.counts.reduce((sum, n) => sum + n, 0)).toBe(histogram?.count);
        expect(histogram?.native?.positive.counts.reduce((sum, n) => sum + n, 0)).toBe(histogram?.count);
      }
    }
    for (const [label, { value }] of Object.entries(byLabels(read.get('c_total'))))
      expect(value).toBe(observations.get(label));
    const series = [...read.values()].reduce((sum, it) => sum + it.series.length, 0) - 1;
    expect(series).toBeLessThan(800);
    expect(totalIn(memory, refusedMetric)).toBe(4 * 200 - series);
  });

  test('of directory alone refuses as well', () => {
    const memory = createMetricMemory({ bytes: 65_536, labelLimit: 10_000 });
    const counter = memory.counter({ name: 'c_total', help: 'C.', labels: ['a'] });
    for (let i = 0; i < 100; i++) counter.of(`${i} ${'long '.repeat(40)}`).add();
    counter.of('short').add(3);
    const kept = byLabels(families(memory).get('c_total'));
    expect(kept.short?.value).toBe(3);
    expect(Object.values(kept).every(({ value }) => value === 1 || value === 3)).toBe(true);
    expect(totalIn(memory, refusedMetric)).toBe(101 - Object.keys(kept).length);
  });
});

test.each([
  [() => createMetricMemory({ bytes: 1000 }), 'bytes must be an integer >= 65536, got 1000'],
  [() => createMetricMemory({ labelLimit: 0 }), 'labelLimit must be an integer >= 1, got 0'],
  [
    () => createMetricMemory().counter({ name: 'c', help: '', labels: ['a', 'b', 'c', 'd'] }),
    'c may have 3 labels at most, got 4',
  ],
  [
    () => createMetricMemory().histogram({ name: 'h', help: '', bounds: [1, 1] }),
    'bounds of h must be finite and ascend, got [1, 1]',
  ],
  [
    () => createMetricMemory().histogram({ name: 'h', help: '', bounds: [1], nativeBuckets: 20 }),
    'nativeBuckets must be 0 or an integer >= 128, got 20',
  ],
  [
    () =>
      createMetricMemory().histogram({
        name: 'h',
        help: '',
        bounds: Array.from({ length: 999 }, (_, i) => i),
      }),
    'h has too many buckets: 999 bounds, 160 native',
  ],
  [() => createMemoryReader(new ArrayBuffer(4096)), 'the buffer holds no metric memory'],
])('a mistake is said: %#', (make, message) => {
  expect(make).toThrow(message);
});
