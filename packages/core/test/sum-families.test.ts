import {
  createMemoryReader,
  createMetricMemory,
  type Exemplar,
  type Family,
  type HistogramValue,
  type NativeValue,
  sumFamilies,
} from '@inferometer/core';
import { expect, test } from 'vitest';
import { createRandom } from './random.ts';

function histogram(value: HistogramValue): Family {
  return {
    name: 'h',
    help: 'H.',
    type: 'histogram',
    series: [{ labels: [['a', 'x']], createdMs: 1, histogram: value }],
  };
}

function summed(...values: HistogramValue[]): HistogramValue {
  const [family] = sumFamilies(values.map((value) => [histogram(value)]));
  return family?.series[0]?.histogram as HistogramValue;
}

function exemplar(value: number, timestampMs: number): Exemplar {
  return { value, timestampMs, traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) };
}

test('several memories add up to what one would have seen, whatever their scales', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed);
    const whole = createMetricMemory({ bytes: 1 << 20, now: () => 1 });
    const parts = Array.from({ length: 1 + random.int(4) }, () =>
      createMetricMemory({ bytes: 1 << 20, now: () => 1 }),
    );
    const into = [whole, ...parts].map((memory) => ({
      histogram: memory.histogram({ name: 'h', help: 'H.', labels: ['a'], bounds: [0.1, 1, 10] }),
      counter: memory.counter({ name: 'c_total', help: 'C.', labels: ['a'] }),
      gauge: memory.gauge({ name: 'g', help: 'G.' }),
    }));
    const spread = parts.map(() => random.pick([0.1, 1, 10, 100]));
    for (let i = 0; i < 500; i++) {
      const part = random.int(parts.length);
      const label = random.pick(['x', 'y']);
      const value = random.int(10) === 0 ? 0 : 2 ** ((random() - 0.5) * (spread[part] ?? 1));
      for (const each of [into[0], into[part + 1]]) {
        // Sums of floats depend on the order: only counts are compared.
        each?.histogram.of(label).observe(value);
        each?.counter.of(label).add();
        each?.gauge.of().add(1);
      }
    }
    const read = (memory: { buffer: SharedArrayBuffer | ArrayBuffer }) =>
      createMemoryReader(memory.buffer).read();
    const total = sumFamilies(parts.map(read));
    for (const family of read(whole)) {
      const sum = total.find(({ name }) => name === family.name);
      for (const series of family.series) {
        const same = sum?.series.find(
          ({ labels }) => JSON.stringify(labels) === JSON.stringify(series.labels),
        );
        expect(same?.value, `seed ${seed}`).toBe(series.value);
        if (!series.histogram) continue;
        expect(same?.histogram?.count).toBe(series.histogram.count);
        expect(same?.histogram?.classic).toEqual(series.histogram.classic);
        expect((same?.histogram?.sum ?? 0) / series.histogram.sum).toBeCloseTo(1, 9);
        expectSameBuckets(same?.histogram?.native as NativeValue, series.histogram.native as NativeValue);
      }
    }
  }
});

/** Merged windows may be wide enough for a finer scale than one window was: compared at the coarser of both. */
function expectSameBuckets(a: NativeValue, b: NativeValue): void {
  expect(a.zeroCount).toBe(b.zeroCount);
  const scale = Math.min(a.scale, b.scale);
  const at = ({ scale: own, positive }: NativeValue): Map<number, number> => {
    const counts = new Map<number, number>();
    positive.counts.forEach((count, i) => {
      const bucket = (positive.offset + i) >> (own - scale);
      if (count > 0) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
    });
    return new Map([...counts].sort(([x], [y]) => x - y));
  };
  expect(at(a)).toEqual(at(b));
}

test('the newest exemplar of a bucket stays, and that of a counter', () => {
  const classic = { bounds: [1], counts: [1, 1] };
  const value = { count: 2, sum: 3, classic };
  expect(
    summed(
      { ...value, exemplars: [exemplar(0.1, 1), exemplar(2, 9)] },
      { ...value, exemplars: [exemplar(0.2, 5)] },
      { ...value },
    ).exemplars,
  ).toEqual([exemplar(0.2, 5), exemplar(2, 9)]);
  const counter = (at: number): Family => ({
    name: 'c_total',
    help: 'C.',
    type: 'counter',
    series: [{ labels: [], value: 1, createdMs: at, attributes: { a: 1 }, exemplar: exemplar(at, at) }],
  });
  expect(sumFamilies([[counter(2)], [counter(3)], [counter(1)]])[0]?.series).toEqual([
    { labels: [], value: 3, createdMs: 1, attributes: { a: 1 }, exemplar: exemplar(3, 3) },
  ]);
});

test('negative native buckets are added as well', () => {
  const native = (scale: number, negative?: NativeValue['positive']): HistogramValue => ({
    count: 4,
    sum: -1,
    hasSum: false,
    native: {
      scale,
      zeroThreshold: 0,
      zeroCount: 1,
      positive: { offset: 4, counts: [1, 1] },
      ...(negative ? { negative } : {}),
    },
  });
  const sum = summed(
    native(1, { offset: -3, counts: [1, 0, 2] }),
    native(2, { offset: 1, counts: [5] }),
    native(1),
  );
  expect(sum).toMatchObject({ count: 12, hasSum: false });
  expect(sum.native).toEqual({
    scale: 1,
    zeroThreshold: 0,
    zeroCount: 3,
    positive: { offset: 2, counts: [2, 0, 2, 2] },
    negative: { offset: -3, counts: [1, 0, 2, 5] },
  });
});

test('buckets of one that not all have are left out: they would not hold all observations', () => {
  const native = { scale: 0, zeroThreshold: 0, zeroCount: 0, positive: { offset: 0, counts: [1] } };
  const classic = { bounds: [1], counts: [1, 0] };
  expect(summed({ count: 1, sum: 1, native, classic }, { count: 1, sum: 1, classic })).toEqual({
    count: 2,
    sum: 2,
    classic: { bounds: [1], counts: [2, 0] },
    exemplars: [undefined, undefined],
  });
});

test('of different bounds those remain that all have, and every observation with them', () => {
  const sum = summed(
    {
      count: 10,
      sum: 1,
      classic: { bounds: [1, 2, 5], counts: [1, 2, 3, 4] },
      exemplars: [undefined, exemplar(1.5, 1)],
    },
    {
      count: 15,
      sum: 1,
      classic: { bounds: [2, 3, 5, 8], counts: [1, 2, 3, 4, 5] },
      exemplars: [exemplar(1, 2)],
    },
  );
  expect(sum.classic).toEqual({ bounds: [2, 5], counts: [4, 8, 13] });
  expect(sum.exemplars).toEqual([exemplar(1, 2), undefined, undefined]);
});

test('families and series that only one has stay as they are', () => {
  const a: Family = {
    name: 'a',
    help: 'A.',
    type: 'gauge',
    unit: 's',
    series: [{ labels: [['x', '1']], value: 1 }],
  };
  const b: Family = { ...a, series: [{ labels: [['x', '2']], value: 2 }] };
  const c: Family = { ...a, name: 'c' };
  expect(sumFamilies([[a, c], [b]])).toEqual([{ ...a, series: [...a.series, ...b.series] }, c]);
  expect(sumFamilies([])).toEqual([]);
});
