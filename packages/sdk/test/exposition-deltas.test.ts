import type { Family, HistogramValue, Series } from '@inferometer/core';
import { expect, test } from 'vitest';
import { createDeltas } from '../src/exposition/deltas.ts';
import { exemplarOf, randomNumbers } from './exposition-samples.ts';

const counter = (...series: Series[]): Family => ({ name: 'c_total', help: '', type: 'counter', series });
const histogram = (value: HistogramValue, createdMs?: number): Family => ({
  name: 'h',
  help: '',
  type: 'histogram',
  series: [{ labels: [], histogram: value, ...(createdMs === undefined ? {} : { createdMs }) }],
});
const push = (
  deltas: ReturnType<typeof createDeltas>,
  families: Family[],
  timeMs: number,
): readonly Series[] => {
  const prepared = deltas.prepare(families, timeMs);
  prepared.commit();
  return prepared.families.flatMap(({ series }) => series);
};

test('the first push has everything since it was created, the next ones what came in between', () => {
  const deltas = createDeltas();
  expect(push(deltas, [counter({ labels: [], createdMs: 500, value: 3 })], 1000)).toEqual([
    { labels: [], createdMs: 500, value: 3 },
  ]);
  expect(push(deltas, [counter({ labels: [], createdMs: 500, value: 5 })], 2000)).toEqual([
    { labels: [], createdMs: 1000, value: 2 },
  ]);
  expect(push(deltas, [counter({ labels: [], createdMs: 500, value: 5 })], 3000)).toEqual([]);
  expect(push(deltas, [counter({ labels: [], createdMs: 500, value: 6 })], 4000)).toEqual([
    { labels: [], createdMs: 3000, value: 1 },
  ]);
});

test('a push that fails loses nothing', () => {
  const deltas = createDeltas();
  push(deltas, [counter({ labels: [], value: 1 })], 1000);
  deltas.prepare([counter({ labels: [], value: 4 })], 2000);
  deltas.prepare([counter({ labels: [], value: 6 })], 3000);
  expect(push(deltas, [counter({ labels: [], value: 10 })], 4000)).toEqual([
    { labels: [], createdMs: 1000, value: 9 },
  ]);
});

test('a value that fell began anew; so did a series that says it was created again', () => {
  const deltas = createDeltas();
  push(deltas, [counter({ labels: [], createdMs: 500, value: 8 })], 1000);
  expect(push(deltas, [counter({ labels: [], createdMs: 500, value: 2 })], 2000)).toEqual([
    { labels: [], createdMs: 1000, value: 2 },
  ]);
  expect(push(deltas, [counter({ labels: [], createdMs: 2500, value: 3 })], 3000)).toEqual([
    { labels: [], createdMs: 2500, value: 3 },
  ]);
});

test('a creation time a little ahead of the push, by another clock, is no new beginning', () => {
  const deltas = createDeltas();
  push(deltas, [counter({ labels: [], createdMs: 1000.4, value: 8 })], 1000);
  expect(push(deltas, [counter({ labels: [], createdMs: 1000.4, value: 9 })], 2000)[0]?.value).toBe(1);
});

test('what disappears is forgotten, and comes back whole', () => {
  const deltas = createDeltas();
  const a = { labels: [['k', 'a']], createdMs: 1, value: 5 } as const;
  const b = { labels: [['k', 'b']], createdMs: 1, value: 7 } as const;
  push(deltas, [counter(a, b)], 1000);
  push(deltas, [counter(b)], 2000);
  expect(push(deltas, [counter(a, b)], 3000)).toEqual([a]);
});

test('gauges and summaries are sent as they are', () => {
  const deltas = createDeltas();
  const gauge: Family = { name: 'g', help: '', type: 'gauge', series: [{ labels: [], value: 5 }] };
  const summary: Family = {
    name: 's',
    help: '',
    type: 'summary',
    series: [{ labels: [], summary: { count: 1, sum: 1, quantiles: [] } }],
  };
  expect(deltas.prepare([gauge, summary], 1000).families).toEqual([gauge, summary]);
  push(deltas, [gauge, summary], 1000);
  expect(deltas.prepare([gauge, summary], 2000).families).toEqual([gauge, summary]);
});

test('only exemplars since the last push are sent', () => {
  const deltas = createDeltas();
  const value = (count: number): HistogramValue => ({
    count,
    sum: count,
    classic: { bounds: [1], counts: [count, 0] },
    exemplars: [exemplarOf(0.5, 900), exemplarOf(2, 1500)],
  });
  const family = (count: number): Family => ({ ...histogram(value(count)) });
  push(deltas, [family(1)], 1000);
  const [series] = push(deltas, [family(2)], 2000);
  expect(series?.histogram?.exemplars).toEqual([undefined, exemplarOf(2, 1500)]);
  const old = counter({ labels: [], value: 1, exemplar: exemplarOf(1, 1500) });
  expect(push(deltas, [old], 3000)[0]?.exemplar).toBeUndefined();
});

test('other bounds or another zero bucket make another histogram', () => {
  const deltas = createDeltas();
  const of = (bound: number, zeroThreshold: number): Family =>
    histogram({
      count: 2,
      sum: 2,
      classic: { bounds: [bound], counts: [2, 0] },
      native: { scale: 0, zeroThreshold, zeroCount: 0, positive: { offset: 0, counts: [2] } },
    });
  push(deltas, [of(4, 0)], 1000);
  expect(push(deltas, [of(4, 0)], 2000)).toEqual([]);
  expect(push(deltas, [of(5, 0)], 3000)[0]?.histogram?.count).toBe(2);
  expect(push(deltas, [of(5, 0.1)], 4000)[0]?.histogram?.count).toBe(2);
});

test('values are kept apart from the arrays they came in', () => {
  const deltas = createDeltas();
  const counts = [1, 0];
  const native = [1];
  const family = (count: number): Family =>
    histogram({
      count,
      sum: count,
      classic: { bounds: [1], counts },
      native: { scale: 0, zeroThreshold: 0, zeroCount: 0, positive: { offset: -1, counts: native } },
    });
  push(deltas, [family(1)], 1000);
  counts[0] = 3;
  native[0] = 3;
  const [series] = push(deltas, [family(3)], 2000);
  expect(series?.histogram?.classic?.counts).toEqual([2, 0]);
  expect(series?.histogram?.native?.positive).toEqual({ offset: -1, counts: [2] });
});

/** Native buckets of observations, made from scratch at a scale. */
function nativeOf(values: readonly number[], scale: number): NonNullable<HistogramValue['native']> {
  const indices = values
    .filter((value) => value > 0)
    .map((value) => Math.ceil(Math.log2(value) * 2 ** scale) - 1);
  const offset = Math.min(...indices, 0);
  const counts = new Array<number>(Math.max(...indices, 0) - offset + 1).fill(0);
  for (const index of indices) counts[index - offset] = (counts[index - offset] ?? 0) + 1;
  const zeroCount = values.length - indices.length;
  return { scale, zeroThreshold: 0, zeroCount, positive: { offset, counts } };
}

function histogramOf(values: readonly number[], scale: number): HistogramValue {
  const bounds = [0.5, 1, 8];
  const counts = bounds.map(
    (bound, i) => values.filter((v) => v <= bound && v > (bounds[i - 1] ?? -1)).length,
  );
  counts.push(values.filter((value) => value > 8).length);
  const sum = values.reduce((a, b) => a + b, 0);
  return { count: values.length, sum, classic: { bounds, counts }, native: nativeOf(values, scale) };
}

test('differences are the histogram of what was observed in between, while the scale gets coarser', () => {
  const random = randomNumbers(3);
  for (let round = 0; round < 50; round++) {
    const deltas = createDeltas();
    const all: number[] = [];
    let unsent: number[] = [];
    let scale = 4;
    let sentCount = 0;
    for (let step = 1; step <= 12; step++) {
      const fresh = Array.from({ length: Math.floor(random() * 6) }, () =>
        // Whole numbers of 1/64, so that sums have no rounding.
        random() < 0.1 ? 0 : Math.ceil(random() * 2 ** Math.floor(random() * 12)) / 64,
      );
      all.push(...fresh);
      unsent.push(...fresh);
      if (random() < 0.3 && scale > -4) scale--;
      const prepared = deltas.prepare([histogram(histogramOf(all, scale))], step * 1000);
      const sent = prepared.families[0]?.series[0]?.histogram;
      const expected = histogramOf(unsent, scale);
      expect(sent?.count ?? 0).toBe(unsent.length);
      if (sent) {
        expect(sent.sum).toBe(expected.sum);
        expect(sent.classic).toEqual(expected.classic);
        expect(sent.native?.zeroCount).toBe(expected.native?.zeroCount);
        expect(countsByIndex(sent)).toEqual(countsByIndex(expected));
      }
      // Some pushes fail.
      if (random() < 0.6) {
        prepared.commit();
        sentCount += unsent.length;
        unsent = [];
      }
    }
    expect(sentCount + unsent.length).toBe(all.length);
  }
});

function countsByIndex({ native }: HistogramValue): [index: number, count: number][] {
  const { offset, counts } = native?.positive ?? { offset: 0, counts: [] };
  return counts.flatMap((count, i): [number, number][] => (count === 0 ? [] : [[offset + i, count]]));
}
