import {
  createMemoryReader,
  createMetricMemory,
  type HistogramValue,
  type NativeValue,
} from '@inferometer/core';
import { expect, test } from 'vitest';
import { createRandom, type Random } from './random.ts';

/** A histogram that has observed these values, as a reader sees it. */
function observed(values: readonly number[], bounds: readonly number[] = [1]): HistogramValue {
  const memory = createMetricMemory({ bytes: 1 << 20 });
  const series = memory.histogram({ name: 'h', help: 'H.', bounds }).of();
  for (const value of values) series.observe(value);
  return histogramIn(memory.buffer);
}

function histogramIn(buffer: SharedArrayBuffer | ArrayBuffer): HistogramValue {
  const family = createMemoryReader(buffer)
    .read()
    .find(({ name }) => name === 'h');
  return family?.series[0]?.histogram as HistogramValue;
}

/** Number of the bucket, by its definition and nothing else: 2^(i/2^scale) < value <= 2^((i+1)/2^scale). */
function bucketOf(value: number, scale: number): number {
  const bound = (i: number): number => {
    // In two factors: the whole power may not be a normal double, where the scale is coarse.
    const octaves = i / 2 ** scale;
    const whole = Math.floor(octaves);
    return 2 ** (octaves - whole) * 2 ** whole;
  };
  let i = Math.ceil(Math.log2(value) * 2 ** scale) - 1;
  while (bound(i + 1) < value) i++;
  while (bound(i) >= value) i--;
  return i;
}

function reference(values: readonly number[], scale: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) {
    if (value <= 2.2250738585072014e-308) continue;
    const bucket = bucketOf(value, scale);
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  return counts;
}

function bucketsOf({ positive: { offset, counts } }: NativeValue): Map<number, number> {
  return new Map(counts.map((count, i) => [offset + i, count] as const).filter(([, count]) => count > 0));
}

function stream(random: Random): number[] {
  const centre = 2 ** (random.int(60) - 30);
  const octaves = random.pick([0.001, 0.3, 1, 8, 60, 600, 2000]);
  const length = 1 + random.int(400);
  return Array.from({ length }, () => {
    switch (random.int(12)) {
      case 0:
        return 2 ** (random.int(20) - 10);
      case 1:
        // Beside a bound, as near as doubles are.
        return 2 ** (random.int(2048) / 256 - 4) * (1 + (random.int(5) - 2) * Number.EPSILON);
      case 2:
        return random.pick([0, -1, -0, 5e-324, 1e-310]);
      default:
        return Math.min(
          Math.max(centre * 2 ** ((random() - 0.5) * octaves), Number.MIN_VALUE),
          Number.MAX_VALUE,
        );
    }
  });
}

test('counts are those of the buckets’ definition at the scale that they came down to, whatever was observed', () => {
  const scales = new Set<number>();
  for (let seed = 1; seed <= 400; seed++) {
    const values = stream(createRandom(seed));
    const { native, count, classic } = observed(values, [0.001, 1, 1000]);
    const { scale, zeroCount } = native as NativeValue;
    scales.add(scale);
    expect(bucketsOf(native as NativeValue), `seed ${seed}`).toEqual(reference(values, scale));
    expect(zeroCount).toBe(values.filter((value) => value <= 2.2250738585072014e-308).length);
    const inBuckets = (native as NativeValue).positive.counts.reduce((sum, n) => sum + n, 0);
    expect(inBuckets + zeroCount).toBe(count);
    expect(classic?.counts.reduce((sum, n) => sum + n, 0)).toBe(count);
    expect((native as NativeValue).positive.counts.length).toBeLessThanOrEqual(160);
  }
  expect(Math.max(...scales)).toBe(8);
  expect(Math.min(...scales)).toBe(-4);
});

test('the scale is no coarser than what was observed demands', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const values = stream(createRandom(seed)).filter((value) => value > 1e-300);
    const { native } = observed(values);
    const { scale } = native as NativeValue;
    if (scale === 8 || values.length === 0) continue;
    const finer = [...reference(values, scale + 1).keys()];
    expect(Math.max(...finer) - Math.min(...finer), `seed ${seed}`).toBeGreaterThanOrEqual(160);
  }
});

test('the smallest and the largest double have buckets', () => {
  const { native, count } = observed([Number.MIN_VALUE, 2.3e-308, 1, Number.MAX_VALUE]);
  expect(count).toBe(4);
  expect(native?.zeroCount).toBe(1);
  expect(bucketsOf(native as NativeValue)).toEqual(
    new Map([
      [-64, 1],
      [-1, 1],
      [63, 1],
    ]),
  );
});

test('classic bounds are inclusive, and what is no number is not counted', () => {
  const { classic, count, sum } = observed(
    [0.5, 1, 1.0000001, 2, 3, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
    [1, 2],
  );
  expect(classic).toEqual({ bounds: [1, 2], counts: [3, 2, 1] });
  expect({ count, sum }).toEqual({ count: 6, sum: 6.5000001 });
});
