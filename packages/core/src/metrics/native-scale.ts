import type { NativeValue } from './family.ts';

type Buckets = NativeValue['positive'];

const none: Buckets = { offset: 0, counts: [] };

/** The native buckets of both, at the coarser one's scale. Their zero thresholds must be the same. */
export function sumNative(a: NativeValue, b: NativeValue): NativeValue {
  const scale = Math.min(a.scale, b.scale);
  const [x, y] = [atScale(a, scale), atScale(b, scale)];
  return {
    scale,
    zeroThreshold: Math.max(a.zeroThreshold, b.zeroThreshold),
    zeroCount: a.zeroCount + b.zeroCount,
    positive: addBuckets(x.positive, y.positive),
    ...(a.negative || b.negative ? { negative: addBuckets(x.negative ?? none, y.negative ?? none) } : {}),
  };
}

function addBuckets(x: Buckets, y: Buckets): Buckets {
  if (x.counts.length === 0) return y;
  if (y.counts.length === 0) return x;
  const offset = Math.min(x.offset, y.offset);
  const end = Math.max(x.offset + x.counts.length, y.offset + y.counts.length);
  const counts = Array.from(
    { length: end - offset },
    (_, i) => (x.counts[offset + i - x.offset] ?? 0) + (y.counts[offset + i - y.offset] ?? 0),
  );
  return { offset, counts };
}

/**
 * The histogram at a scale that is not finer than its own: 2^shift neighbours become one bucket. The same object if
 * the scale is its own.
 * @param scale integer <= `value.scale`
 */
export function atScale(value: NativeValue, scale: number): NativeValue {
  const shift = value.scale - scale;
  if (shift === 0) return value;
  return {
    ...value,
    scale,
    positive: mergeBuckets(value.positive, shift),
    ...(value.negative ? { negative: mergeBuckets(value.negative, shift) } : {}),
  };
}

function mergeBuckets({ offset, counts }: Buckets, shift: number): Buckets {
  if (counts.length === 0) return { offset: 0, counts: [] };
  // An arithmetic shift rounds down, as bucket indices below 0 need it.
  const first = offset >> shift;
  const last = (offset + counts.length - 1) >> shift;
  const merged = new Array<number>(last - first + 1).fill(0);
  counts.forEach((count, i) => {
    const index = ((offset + i) >> shift) - first;
    merged[index] = (merged[index] as number) + count;
  });
  return { offset: first, counts: merged };
}
